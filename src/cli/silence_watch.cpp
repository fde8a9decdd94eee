// Locations that stop answering in the middle.

#include "base/text.hpp"
#include "cli/locations.hpp"

namespace bt2c::cli {

using base::Error;
using base::ErrorKind;
using base::format;

bool Locations::leave_silent(std::chrono::milliseconds patience) const {
    bool any = false;
    for (std::size_t i = 0; fan_ && i < all_.size(); ++i) {
        const auto& part = fan_->parts()[i];
        if (part->away() || part->silent_for() < patience) continue;
        fan_->leave(i,
                    Error(ErrorKind::failed, "it does not answer any more")
                        .cause(format("no answer within {}",
                                      base::human_duration(static_cast<double>(patience.count()) / 1000))));
        any = true;
    }
    return any;
}

SilenceWatch::SilenceWatch(const Locations& locations, std::chrono::milliseconds patience)
    : thread_([this, &locations, patience] {
          while (!ended_) {
              if (locations.leave_silent(patience)) stop_ = true;
              std::this_thread::sleep_for(std::chrono::milliseconds(20));
          }
      }) {}

SilenceWatch::~SilenceWatch() {
    ended_ = true;
    thread_.join();
}

}  // namespace bt2c::cli
