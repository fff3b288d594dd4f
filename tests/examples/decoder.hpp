#pragma once

#include <wels/codec_api.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "camera/picture.hpp"
#include "petrel/base/bytes.hpp"

namespace camera::testing {

/// OpenH264's decoder: an access unit in, a picture out.
class Decoder {
 public:
  Decoder() {
    ISVCDecoder* made = nullptr;
    WelsCreateDecoder(&made);
    decoder_.reset(made);
    SDecodingParam parameters{};
    parameters.sVideoProperty.eVideoBsType = VIDEO_BITSTREAM_AVC;
    parameters.eEcActiveIdc = ERROR_CON_DISABLE;
    made->Initialize(&parameters);
    int quiet = WELS_LOG_QUIET;
    made->SetOption(DECODER_OPTION_TRACE_LEVEL, &quiet);
  }

  std::optional<Picture> decode(petrel::Bytes annex_b) {
    unsigned char* planes[3] = {};
    SBufferInfo info{};
    if (decoder_->DecodeFrameNoDelay(petrel::as_unsigned(annex_b), static_cast<int>(annex_b.size()), planes,
                                     &info) != dsErrorFree ||
        info.iBufferStatus != 1) {
      return std::nullopt;
    }
    const SSysMEMBuffer& buffer = info.UsrData.sSystemBuffer;
    Picture picture(buffer.iWidth, buffer.iHeight);
    copy(planes[0], buffer.iStride[0], picture.y(), buffer.iWidth);
    copy(planes[1], buffer.iStride[1], picture.u(), buffer.iWidth / 2);
    copy(planes[2], buffer.iStride[1], picture.v(), buffer.iWidth / 2);
    return picture;
  }

 private:
  struct Destroy {
    void operator()(ISVCDecoder* decoder) const {
      decoder->Uninitialize();
      WelsDestroyDecoder(decoder);
    }
  };

  static void copy(const unsigned char* from, int stride, std::span<std::uint8_t> to, int width) {
    const auto size = static_cast<std::size_t>(width);
    for (std::size_t at = 0; at < to.size(); at += size, from += stride) {
      std::ranges::copy_n(from, width, to.subspan(at, size).begin());
    }
  }

  std::unique_ptr<ISVCDecoder, Destroy> decoder_;
};

}  // namespace camera::testing
