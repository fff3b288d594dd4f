#include "camera/openh264_encoder.hpp"

#include <wels/codec_api.h>

#include <algorithm>
#include <chrono>

#include "camera/picture_conversion.hpp"
#include "petrel/rtp/payload/h264_nal.hpp"
#include "shared/hexadecimal.hpp"
#include "shared/user_error.hpp"

namespace camera {
namespace {

// A key frame every so often even when nobody asks, for players that never send PLI.
constexpr double seconds_between_key_frames = 10;

SEncParamExt parameters_for(ISVCEncoder& encoder, const EncoderSettings& settings) {
  SEncParamExt parameters;
  encoder.GetDefaultParams(&parameters);
  parameters.iUsageType = CAMERA_VIDEO_REAL_TIME;
  parameters.iPicWidth = settings.width;
  parameters.iPicHeight = settings.height;
  parameters.fMaxFrameRate = static_cast<float>(settings.frames_per_second);
  parameters.iTargetBitrate = static_cast<int>(settings.bits_per_second);
  parameters.iMaxBitrate = UNSPECIFIED_BIT_RATE;
  parameters.iRCMode = RC_BITRATE_MODE;
  parameters.bEnableFrameSkip = false;  // A skipped picture would be a hole in the test's frame counter.
  parameters.iComplexityMode = LOW_COMPLEXITY;
  parameters.iMultipleThreadIdc = 1;
  parameters.iTemporalLayerNum = 1;
  parameters.iSpatialLayerNum = 1;
  parameters.iNumRefFrame = 1;
  parameters.iEntropyCodingModeFlag = 0;  // CAVLC: Baseline has nothing else.
  parameters.uiIntraPeriod =
      static_cast<unsigned>(std::max(1.0, settings.frames_per_second * seconds_between_key_frames));
  parameters.eSpsPpsIdStrategy = CONSTANT_ID;
  parameters.bEnableSceneChangeDetect = false;  // Key frames come when viewers need them, not by content.
  parameters.bEnableDenoise = false;

  SSpatialLayerConfig& layer = parameters.sSpatialLayers[0];
  layer.iVideoWidth = settings.width;
  layer.iVideoHeight = settings.height;
  layer.fFrameRate = parameters.fMaxFrameRate;
  layer.iSpatialBitrate = parameters.iTargetBitrate;
  layer.iMaxSpatialBitrate = UNSPECIFIED_BIT_RATE;
  layer.uiProfileIdc = PRO_BASELINE;
  layer.uiLevelIdc = static_cast<ELevelIdc>(level_for(settings));
  layer.sSliceArgument.uiSliceMode = SM_SINGLE_SLICE;
  // Said in the stream, or a browser guesses the matrix from the height.
  layer.bVideoSignalTypePresent = true;
  layer.uiVideoFormat = VF_UNDEF;
  layer.bFullRange = settings.colours.full_range;
  layer.bColorDescriptionPresent = true;
  layer.uiColorPrimaries = CP_BT709;
  layer.uiTransferCharacteristics = TRC_BT709;
  layer.uiColorMatrix = static_cast<unsigned char>(settings.colours.is_bt709 ? CM_BT709 : CM_SMPTE170M);
  return parameters;
}

petrel::Bytes bytes_of(const SLayerBSInfo& layer) {
  std::size_t size = 0;
  for (int i = 0; i < layer.iNalCount; ++i) size += static_cast<std::size_t>(layer.pNalLengthInByte[i]);
  return std::as_bytes(std::span(layer.pBsBuf, size));
}

}  // namespace

void OpenH264Encoder::Destroy::operator()(ISVCEncoder* encoder) const {
  encoder->Uninitialize();
  WelsDestroySVCEncoder(encoder);
}

OpenH264Encoder::OpenH264Encoder(const EncoderSettings& settings) : settings_(settings) {
  ISVCEncoder* made = nullptr;
  if (WelsCreateSVCEncoder(&made) != 0 || made == nullptr) {
    throw shared::UserError("The OpenH264 library cannot make an encoder. Use --source file:PATH instead.");
  }
  encoder_.reset(made);
  int quiet = WELS_LOG_QUIET;
  made->SetOption(ENCODER_OPTION_TRACE_LEVEL, &quiet);
  SEncParamExt parameters = parameters_for(*made, settings);
  if (made->InitializeExt(&parameters) != cmResultSuccess) {
    throw shared::UserError("OpenH264 refuses " + std::to_string(settings.width) + "x" +
                            std::to_string(settings.height) + " at " +
                            std::to_string(settings.bits_per_second) + " bit/s. Try --size 1280x720.");
  }
  int format = videoFormatI420;
  made->SetOption(ENCODER_OPTION_DATAFORMAT, &format);
  profile_level_id_ = read_profile_level_id();
}

OpenH264Encoder::~OpenH264Encoder() = default;

EncodedPicture OpenH264Encoder::encode(const PictureView& picture, petrel::Duration offset) {
  if (picture.format != PixelFormat::i420) {
    if (!converted_) converted_.emplace(picture.width, picture.height);
    convert_to_i420(picture, *converted_);
    return encode(PictureView(*converted_), offset);
  }
  SSourcePicture source{};
  source.iColorFormat = videoFormatI420;
  source.iPicWidth = picture.width;
  source.iPicHeight = picture.height;
  for (std::size_t i = 0; i < picture.planes.size(); ++i) {
    source.iStride[i] = picture.planes[i].stride;
    // OpenH264 does not write into its input, but says so nowhere in its types.
    source.pData[i] = const_cast<std::uint8_t*>(picture.planes[i].samples.data());
  }
  source.uiTimeStamp = std::chrono::duration_cast<std::chrono::milliseconds>(offset).count();

  SFrameBSInfo info{};
  EncodedPicture encoded;
  encoded.offset = offset;
  if (encoder_->EncodeFrame(&source, &info) != cmResultSuccess) return encoded;
  encoded.key_frame = info.eFrameType == videoFrameTypeIDR;
  for (int i = 0; i < info.iLayerNum; ++i) {
    const petrel::Bytes layer = bytes_of(info.sLayerInfo[i]);
    encoded.annex_b.insert(encoded.annex_b.end(), layer.begin(), layer.end());
  }
  return encoded;
}

void OpenH264Encoder::force_key_frame() { encoder_->ForceIntraFrame(true); }

void OpenH264Encoder::set_bitrate(std::uint32_t bits_per_second) {
  SBitrateInfo info{};
  info.iLayer = SPATIAL_LAYER_ALL;
  info.iBitrate = static_cast<int>(bits_per_second);
  encoder_->SetOption(ENCODER_OPTION_BITRATE, &info);
}

std::string OpenH264Encoder::read_profile_level_id() {
  SFrameBSInfo info{};
  encoder_->EncodeParameterSets(&info);
  for (int i = 0; i < info.iLayerNum; ++i) {
    petrel::rtp::h264::NalReader reader(bytes_of(info.sLayerInfo[i]));
    while (const auto nal = reader.next()) {
      const bool is_sps = petrel::rtp::h264::nal_type((*nal)[0]) == petrel::rtp::h264::NalType::sps;
      if (is_sps && nal->size() >= 4) return shared::hexadecimal(nal->subspan(1, 3));
    }
  }
  return "42c01f";  // What this version writes for 720p.
}

}  // namespace camera
