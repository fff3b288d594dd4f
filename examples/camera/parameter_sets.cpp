#include "camera/parameter_sets.hpp"

#include <array>

#include "petrel/rtp/payload/h264_nal.hpp"
#include "shared/hexadecimal.hpp"

namespace camera {

namespace h264 = petrel::rtp::h264;

void ParameterSets::note(const h264::AccessUnit& unit) {
  if (!unit.has_parameters) return;
  constexpr std::array start_code{std::byte{0}, std::byte{0}, std::byte{0}, std::byte{1}};
  annex_b_.clear();
  h264::NalReader reader(unit.bytes);
  while (const auto nal = reader.next()) {
    const h264::NalType type = h264::nal_type((*nal)[0]);
    if (type != h264::NalType::sps && type != h264::NalType::pps) continue;
    annex_b_.insert(annex_b_.end(), start_code.begin(), start_code.end());
    annex_b_.insert(annex_b_.end(), nal->begin(), nal->end());
  }
}

void ParameterSets::complete(h264::AccessUnit& unit) const {
  if (unit.key_frame && !unit.has_parameters) {
    unit.bytes.insert(unit.bytes.begin(), annex_b_.begin(), annex_b_.end());
  }
}

std::string profile_level_id_of(const h264::SequenceParameters& parameters) {
  return shared::hexadecimal(std::array{std::byte{parameters.profile_idc},
                                        std::byte{parameters.constraint_flags},
                                        std::byte{parameters.level_idc}});
}

}  // namespace camera
