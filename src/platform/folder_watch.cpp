#include "platform/folder_watch.hpp"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>

namespace bt2c::platform {

FolderWatch::FolderWatch() : inotify_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {}

void FolderWatch::add(const fs::path& folder) {
    if (!inotify_) return;
    const int watch = ::inotify_add_watch(inotify_.get(), folder.c_str(),
                                          IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR);
    if (watch >= 0) folders_[watch] = folder;
}

std::set<fs::path> FolderWatch::wait(int timeout_ms) {
    std::set<fs::path> changed;
    // Without inotify there is no descriptor, and poll() only waits.
    pollfd waiting{.fd = inotify_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&waiting, 1, std::max(timeout_ms, 0)) <= 0) return changed;
    alignas(inotify_event) char buffer[16 << 10];
    for (;;) {
        const ssize_t got = ::read(inotify_.get(), buffer, sizeof buffer);
        if (got <= 0) return changed;
        for (const char* at = buffer; at < buffer + got;) {
            const auto* event = reinterpret_cast<const inotify_event*>(at);
            at += sizeof(inotify_event) + event->len;
            if (event->mask & IN_IGNORED) folders_.erase(event->wd);
            if (event->mask & IN_Q_OVERFLOW)
                for (const auto& [watch, folder] : folders_) changed.insert(folder);
            // Temporary names of files that are being written.
            const bool hidden = event->len > 0 && event->name[0] == '.';
            if (const auto known = folders_.find(event->wd); known != folders_.end() && !hidden)
                changed.insert(known->second);
        }
    }
}

}  // namespace bt2c::platform
