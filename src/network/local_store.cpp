#include "network/local_store.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "platform/file.hpp"

namespace bt2c::network {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using Clock = std::chrono::steady_clock;

namespace {

/// Folders are read so often without a sign of a change, since some file systems give none.
constexpr std::chrono::milliseconds look_again(1000);

/// A disk that is full or away may come back.
Error away(const Error& error) {
    Error busy(ErrorKind::busy, error.message());
    return std::move(busy).cause(error.cause()).hint(error.hint());
}

template <typename Work>
auto on_disk(const Work& work) {
    try {
        return work();
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::failed) throw;
        throw away(error);
    } catch (const fs::filesystem_error& error) {
        throw Error(ErrorKind::busy, base::format("cannot use the control plane's folder {}",
                                                  base::printable(error.path1().native())))
            .cause(error.code().message());
    }
}

}  // namespace

fs::path LocalStore::made(const std::string& folder) {
    fs::path path = root_;
    if (!fs::exists(path)) platform::durable_mkdir(path, 0700);
    for (const fs::path& part : fs::path(folder)) {
        const fs::path parent = path;
        path /= part;
        if (fs::exists(path)) continue;
        platform::durable_mkdir(path, 0700);
        platform::give_to_owner_of(parent, platform::open_for_reading(path, false).get());
    }
    return path;
}

bool LocalStore::write(const std::string& folder, const StoredEntry& entry, bool replace) {
    return on_disk([&] {
        const fs::path path = made(folder);
        platform::DurableFile file(path / entry.name, 0600);
        file.append(base::as_bytes(entry.text));
        platform::give_to_owner_of(path, file.fd());
        return file.commit(replace ? platform::DurableFile::Existing::replace
                                   : platform::DurableFile::Existing::refuse);
    });
}

bool LocalStore::create(const std::string& folder, const StoredEntry& entry) {
    if (write(folder, entry, false)) return true;
    return on_disk([&] {
        const fs::path path = root_ / folder / entry.name;
        return fs::is_regular_file(fs::symlink_status(path)) && fs::file_size(path) == entry.text.size() &&
               base::as_text(platform::read_file(path, entry.text.size())) == entry.text;
    });
}

void LocalStore::put(const std::string& folder, const StoredEntry& entry) {
    write(folder, entry, true);
}

std::vector<std::string> LocalStore::names(const std::string& folder, const std::string& prefix) const {
    std::vector<std::string> names;
    if (!fs::exists(root_ / folder)) return names;
    for (const auto& entry : fs::directory_iterator(root_ / folder)) {
        std::string name = entry.path().filename().native();
        if (!name.starts_with('.') && name.starts_with(prefix)) names.push_back(std::move(name));
    }
    std::ranges::sort(names);
    return names;
}

std::vector<StoredEntry> LocalStore::list(const std::string& folder, const std::string& prefix,
                                          const std::string& after, std::size_t limit, std::size_t text_max) {
    return on_disk([&] {
        std::vector<StoredEntry> entries;
        const std::vector<std::string> all = names(folder, prefix);
        for (auto name = std::ranges::upper_bound(all, after); name != all.end(); ++name) {
            if (entries.size() == limit) break;
            StoredEntry entry{*name, ""};
            const fs::path path = root_ / folder / *name;
            std::error_code gone;
            const fs::file_type type = fs::symlink_status(path, gone).type();
            if (type == fs::file_type::not_found) continue;
            // What is no file has no text, and its name is taken all the same.
            if (type == fs::file_type::regular && fs::file_size(path, gone) <= text_max && !gone)
                entry.text = base::as_text(platform::read_file(path, text_max));
            entries.push_back(std::move(entry));
        }
        return entries;
    });
}

void LocalStore::remove(const std::string& folder, const std::string& name) {
    on_disk([&] { return fs::exists(root_ / folder) && platform::durable_remove(root_ / folder / name); });
}

void LocalStore::remove_all(const std::string& folder, const std::string& prefix) {
    on_disk([&] {
        for (const std::string& name : names(folder, prefix)) platform::durable_remove(root_ / folder / name);
    });
}

std::set<std::string> LocalStore::wait(const std::string& folder, const std::set<std::string>& subfolders,
                                       int timeout_ms) {
    base::throw_if_interrupted();
    on_disk([&] {
        for (const std::string& name : subfolders) watch_.add(made(base::format("{}/{}", folder, name)));
    });
    const auto until_look =
        std::chrono::duration_cast<std::chrono::milliseconds>(next_look_ - Clock::now()).count();
    std::set<std::string> changed;
    if (until_look > 0)
        for (const fs::path& path : watch_.wait(static_cast<int>(std::min<long>(timeout_ms, until_look + 1))))
            changed.insert(path.filename().native());
    base::throw_if_interrupted();
    if (Clock::now() < next_look_) return changed;
    next_look_ = Clock::now() + look_again;
    return subfolders;
}

}  // namespace bt2c::network
