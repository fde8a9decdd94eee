#include "verify/live_verify.hpp"

#include <algorithm>
#include <exception>
#include <optional>

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "base/text.hpp"
#include "chaindb/sqlite/live_database.hpp"
#include "platform/file.hpp"

namespace bt2c::verify {

using chaindb::ImageShape;
using chaindb::PageImage;
using chaindb::sqlite::Connection;
using chaindb::sqlite::Hold;
using chaindb::sqlite::LiveDatabase;

namespace {

/// Checking this much takes less than a second; a writer waits five by custom.
constexpr std::uint64_t held_bytes_max = std::uint64_t{256} << 20;
constexpr std::uint64_t copy_unit_bytes = 1U << 20;
constexpr int copies_max = 8;

Source source_of(PageImage image) {
    return {[image = std::move(image)] { return Connection::open_image(image); }};
}

PageImage image_in_pass(const LiveDatabase& live, ImageShape shape) {
    return {shape, [&live](std::uint32_t page, base::MutableBytes out) { live.read(page, out); }};
}

/// One consistent image in a nameless file; in slices, so again and again until no commit fell
/// into the copying.
platform::Descriptor copy_database(LiveDatabase& live, const std::filesystem::path& folder, ImageShape& shape,
                                   base::Progress& progress) {
    platform::Descriptor fd = platform::open_scratch_file(folder);
    for (int copy = 1; copy <= copies_max; ++copy) {
        shape = live.begin_pass(copy == 1 ? Hold::whole : Hold::slices);
        progress.phase("copying the database, since the node writes", shape.bytes());
        base::ordered_parallel(
            base::worker_count(), (shape.bytes() + copy_unit_bytes - 1) / copy_unit_bytes,
            [&](std::uint64_t unit) {
                const std::uint64_t at = unit * copy_unit_bytes;
                base::Bytes bytes(std::min(copy_unit_bytes, shape.bytes() - at));
                live.read(static_cast<std::uint32_t>(at / shape.page_size) + 1, bytes);
                platform::write_at(fd.get(), bytes, at, folder / "scratch");
                return bytes.size();
            },
            [&](std::uint64_t, std::size_t size) { progress.advance(size); });
        if (live.end_pass()) return fd;
    }
    throw base::Error(base::ErrorKind::busy,
                      "cannot verify the database: the node wrote during each of several readings")
        .hint("try again when the node writes less, or verify a backup with --backup");
}

}  // namespace

Report verify_live(const std::filesystem::path& database, const Options& options, base::Progress& progress) {
    const auto live = LiveDatabase::open(database);
    for (const Hold hold : {Hold::slices, Hold::whole}) {
        const ImageShape shape = live->begin_pass(hold);
        if (hold == Hold::whole && shape.bytes() > held_bytes_max) {
            live->end_pass();
            break;
        }
        std::optional<Report> report;
        std::exception_ptr failure;
        try {
            report = verify_chain(source_of(image_in_pass(*live, shape)), options, progress);
        } catch (const base::Error& error) {
            if (error.kind() == base::ErrorKind::interrupted) throw;
            failure = std::current_exception();
        }
        const bool one_commit = live->end_pass();
        if (one_commit && failure) std::rethrow_exception(failure);
        if (one_commit) return std::move(*report);
    }
    ImageShape shape;
    const std::filesystem::path folder = database.parent_path();
    const platform::Descriptor copy = copy_database(*live, folder, shape, progress);
    const PageImage image{shape, [&](std::uint32_t page, base::MutableBytes out) {
                              const std::uint64_t at = std::uint64_t{page - 1} * shape.page_size;
                              platform::read_at(copy.get(), out, at, folder / "scratch");
                          }};
    return verify_chain(source_of(image), options, progress);
}

}  // namespace bt2c::verify
