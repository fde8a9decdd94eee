#include "cli/restore_proof.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "chain/hash.hpp"
#include "chaindb/sqlite/connection.hpp"
#include "chaindb/sqlite/file_image.hpp"
#include "cli/health_checks.hpp"
#include "cli/proof_scratch.hpp"
#include "config/node_config.hpp"
#include "config/settings.hpp"
#include "keys/wallet_file.hpp"
#include "restore/restore.hpp"
#include "verify/verify.hpp"

namespace bt2c::cli {

namespace fs = std::filesystem;
using base::Bytes;
using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;
using repository::FileEntry;
using repository::FileKind;
using repository::Manifest;
using Status = ProofCheck::Status;

namespace {

constexpr std::uint64_t small_file_bytes_max = 1 << 20;
/// Every restore writes one of its own.
constexpr std::string_view signing_lock = "network/signing-lock.json";

/// Whether a call failed for want of room, files or memory, or on what lies in the scratch folder. Of reading
/// the repository none of that tells whether its contents are sound.
bool is_of_machine(const Error& error, const fs::path& scratch) {
    constexpr std::array machine{ENOSPC, EDQUOT, EFBIG, EMFILE, ENFILE, ENOMEM, EAGAIN};
    const int code = error.system_code();
    return code != 0 && (std::ranges::find(machine, code) != machine.end() ||
                         error.in_full().find(printable(scratch.native())) != std::string::npos);
}

/// The checks of one restored home.
class Proof {
 public:
    Proof(Context& context, const repository::Repository& repository, const Manifest& manifest,
          config::Home home)
        : context_(context), repository_(repository), manifest_(manifest), home_(std::move(home)) {}

    std::vector<ProofCheck> checks() {
        if (manifest_.image) {
            look("database_image", false, [&] { return database_image(); });
            look("chain_tip", false, [&] { return chain(); });
        }
        look("files", false, [&] { return files(); });
        look("wallets", true, [&] { return wallets(); });
        look("settings", true, [&] { return settings(); });
        return std::move(checks_);
    }

 private:
    /// `check` returns how much it looked at; an Error is what it found. `of_node`: what the bytes mean,
    /// which were found to be those that were backed up.
    template <typename Check>
    void look(const char* name, bool of_node, Check check) {
        ProofCheck result;
        result.name = name;
        try {
            result.count = check();
            if (result.count == 0) {
                result.status = Status::skipped;
                result.detail = "nothing in the backup can be looked at so";
            }
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
            result.status = Status::fail;
            result.detail = error.in_full();
            result.is_of_machine = is_of_machine(error, home_.root);
            result.is_of_node = of_node;
        }
        checks_.push_back(std::move(result));
    }

    static Error fault(std::string what) { return Error(ErrorKind::findings, std::move(what)); }

    std::uint64_t database_image() {
        const repository::ImageInfo& image = *manifest_.image;
        constexpr std::uint64_t unit_bytes = 1
                                             << 20;  // whole pages: they are at most 64 KiB, of powers of two
        const platform::Descriptor fd = platform::open_for_reading(home_.database());
        if (platform::file_size(fd.get(), home_.database()) != image.bytes())
            throw fault("the restored database has another size than the one that was backed up");
        context_.progress().phase("reading the restored database", image.bytes());
        crypto::Sha256 digest;
        const crypto::ContentHasher hasher = repository_.keys().hasher();
        base::ordered_parallel(
            base::worker_count(), (image.bytes() + unit_bytes - 1) / unit_bytes,
            [&](std::uint64_t unit) {
                Bytes bytes(std::min(unit_bytes, image.bytes() - unit * unit_bytes));
                platform::read_at(fd.get(), bytes, unit * unit_bytes, home_.database());
                return hasher.of_pieces(bytes, image.page_size);
            },
            [&](std::uint64_t, const std::vector<repository::ContentId>& ids) {
                for (const repository::ContentId& id : ids) digest.update(id);
                context_.progress().advance(ids.size() * image.page_size);
            });
        if (base::to_hex(digest.finish()) != image.digest)
            throw fault("the restored database is not the one that was backed up");
        return image.page_count;
    }

    /// All that verify-integrity checks, then the tips of the networks.
    std::uint64_t chain() {
        verify::Options options;
        options.examples_max = 1;
        options.threads = base::worker_count();
        const chaindb::PageImage image = chaindb::sqlite::image_of_file(home_.database());
        const verify::Source source{[image] { return chaindb::sqlite::Connection::open_image(image); }};
        const verify::Report report = verify::verify_chain(source, options, context_.progress());
        for (const verify::CheckResult& check : report.checks) {
            ProofCheck result{.name = std::string(verify::check_name(check.check)),
                              .status = check.status == verify::CheckStatus::pass   ? Status::pass
                                        : check.status == verify::CheckStatus::fail ? Status::fail
                                                                                    : Status::skipped,
                              .count = check.count,
                              .detail = check.reason,
                              .is_of_node = true};
            if (!check.examples.empty()) result.detail = check.examples[0].text;
            checks_.push_back(std::move(result));
        }
        for (const repository::NetworkState& expected : manifest_.networks) {
            const auto found =
                std::ranges::find(report.networks, expected.network, &verify::NetworkSummary::network);
            // A tip without a hash has a finding above; the two need not tell it in the same words.
            chain::Hash hash;
            const bool is_hash = chain::parse_hash(expected.tip_hash, hash);
            if (found == report.networks.end() || found->height != expected.height ||
                (is_hash && found->tip_hash != expected.tip_hash))
                throw fault(format("network {} does not end with the block that the backup names",
                                   printable(expected.network)));
        }
        return report.networks.size();
    }

    repository::ContentId content_id(const FileEntry& entry) const {
        const fs::path path = home_.root / entry.path;
        const platform::Descriptor fd = platform::open_for_reading(path, false);
        crypto::ContentHasher hasher = repository_.keys().hasher();
        Bytes ids, piece(repository::file_piece_bytes);
        std::uint64_t offset = 0;
        for (std::size_t got = piece.size(); got == piece.size(); offset += got) {
            base::throw_if_interrupted();
            got = platform::read_at(fd.get(), piece, offset, path);
            if (got == 0) break;
            const repository::ContentId id = hasher(base::ByteView(piece).first(got));
            ids.insert(ids.end(), id.begin(), id.end());
        }
        if (offset != entry.bytes) throw fault(format("{} has another size", printable(entry.path)));
        repository::ContentId whole{};
        if (ids.size() != whole.size()) return hasher(ids);
        std::copy(ids.begin(), ids.end(), whole.begin());
        return whole;
    }

    std::uint64_t files() {
        std::uint64_t count = 0;
        for (const FileEntry& entry : manifest_.files) {
            if (entry.path.starts_with("data/")) continue;
            const fs::path path = home_.root / entry.path;
            const fs::file_type expected = entry.kind == FileKind::file     ? fs::file_type::regular
                                           : entry.kind == FileKind::folder ? fs::file_type::directory
                                                                            : fs::file_type::symlink;
            if (fs::symlink_status(path).type() != expected)
                throw fault(format("{} was not restored", printable(entry.path)));
            if (entry.kind == FileKind::file && entry.path != signing_lock &&
                content_id(entry) != entry.content_id)
                throw fault(format("{} is not the file that was backed up", printable(entry.path)));
            ++count;
        }
        return count;
    }

    /// Without their passwords: form, and that key and address belong together.
    std::uint64_t wallets() const {
        std::uint64_t count = 0;
        for (const FileEntry& entry : manifest_.files) {
            const fs::path path(entry.path);
            if (entry.kind != FileKind::file || path.parent_path() != "wallets" ||
                path.extension() != ".json" || !keys::is_address(path.stem().native()))
                continue;
            try {
                keys::WalletFile::read(home_.root / path);
            } catch (const Error& error) {
                if (error.system_code() != 0) throw;
                throw fault(format("{}: {}", printable(entry.path), error.in_full()));
            }
            ++count;
        }
        return count;
    }

    std::uint64_t settings() const {
        std::uint64_t count = 0;
        if (fs::is_symlink(home_.config())) return count;  // the backup has nothing of what it leads to
        const auto parse = [&](const char* name, auto parser) {
            const fs::path file = home_.config() / name;
            if (fs::symlink_status(file).type() != fs::file_type::regular) return;
            const Bytes text = platform::read_file(file, small_file_bytes_max);
            parser(base::as_text(text), file);
            ++count;
        };
        parse("dr.toml", [&](auto text, const fs::path& name) { config::parse_settings(text, name, home_); });
        parse("node.toml",
              [&](auto text, const fs::path& name) { config::parse_node_config(text, name, home_); });
        return count;
    }

    Context& context_;
    const repository::Repository& repository_;
    const Manifest& manifest_;
    config::Home home_;
    std::vector<ProofCheck> checks_;
};

std::string refusal_text(int code) {
    if (code == ENOENT) return "it is not there";
    if (code == ENOTDIR) return "it is no folder";
    return format("it cannot be written to: {}", std::strerror(code));
}

}  // namespace

bool RestoreProof::ok() const {
    return !failure();
}

const ProofCheck* RestoreProof::failure() const {
    const auto failed = std::ranges::find(checks, Status::fail, &ProofCheck::status);
    return failed == checks.end() ? nullptr : &*failed;
}

fs::path place_for_proof(const repository::Repository& repository, const Manifest& manifest,
                         const std::vector<fs::path>& places) {
    const restore::RestoreSource source = restore::source_of_backup(repository, manifest);
    std::string reasons;
    bool any_usable = false;
    for (const fs::path& place : places) {
        std::string reason;
        if (const int refusal = refusal_to_write(place)) {
            reason = refusal_text(refusal);
        } else {
            any_usable = true;
            const auto plan = restore::plan_restore(source, config::Home{place / "scratch"}, {});
            if (plan.bytes_needed <= plan.bytes_free) return place;
            reason = format("{} are needed, {} are free", base::human_size(plan.bytes_needed),
                            base::human_size(plan.bytes_free));
        }
        reasons += format("{}{}: {}", reasons.empty() ? "" : "; ", printable(place.native()), reason);
    }
    throw Error(ErrorKind::failed,
                format("cannot test backup {}: there is no place to restore it to", manifest.id.brief()))
        .cause(reasons)
        .state("nothing was tested")
        .hint(format("name a folder {} with --scratch, or for good with schedule.scratch in dr.toml",
                     any_usable ? "with more room" : "that is there and can be written to"));
}

RestoreProof prove_restore(Context& context, const repository::Repository& repository,
                           const Manifest& manifest, const fs::path& where) {
    RestoreProof proof;
    const base::Stopwatch watch;
    const NotedScratch scratch(context, where);
    const config::Home home{scratch.path() / "home"};
    ProofCheck restored;
    restored.name = "restore";
    try {
        // The chain is proved afterwards, as it lies on the disk.
        restore::restore(restore::source_of_backup(repository, manifest), home, {},
                         {.prove_chain = {}, .keep_present_state = [] { return std::string(); }},
                         context.progress());
        restored.count = 1;
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        restored.status = Status::fail;
        restored.detail = error.in_full();
        restored.is_of_machine = is_of_machine(error, scratch.path());
    }
    proof.restore_seconds = watch.seconds();
    proof.checks.push_back(restored);
    if (restored.status == Status::pass)
        for (ProofCheck& check : Proof(context, repository, manifest, home).checks())
            proof.checks.push_back(std::move(check));
    proof.duration_seconds = watch.seconds();
    return proof;
}

}  // namespace bt2c::cli
