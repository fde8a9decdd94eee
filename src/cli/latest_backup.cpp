#include "cli/latest_backup.hpp"

#include "base/text.hpp"
#include "base/time.hpp"
#include "cli/backup_document.hpp"
#include "cli/locations.hpp"
#include "platform/file.hpp"
#include "repository/sync.hpp"

namespace bt2c::cli {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::format;
using base::Json;
using repository::Manifest;
using repository::ObjectId;

namespace {

constexpr std::uint64_t note_bytes_max = 4096;

fs::path newest_backup_file(const config::Home& home) {
    return home.backups() / "newest-backup.json";
}

struct NewestMade {
    std::string id, chain;
    std::uint64_t sequence = 0;
    base::UnixMs finished_at = 0;
};

/// Nothing where it cannot be read: then it is as before the first one was kept.
std::optional<NewestMade> newest_made(const config::Home& home, const ObjectId& repository) {
    try {
        const Json json =
            Json::parse(base::as_text(platform::read_file(newest_backup_file(home), note_bytes_max)));
        if (json.string_at("repository") != repository.hex()) return std::nullopt;
        return NewestMade{json.string_at("id"), json.string_at("chain"), json.unsigned_at("sequence"),
                          json.integer_at("finished_at")};
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        return std::nullopt;
    }
}

std::string left_out_text(const std::vector<Locations::LeftOut>& left_out) {
    std::string text;
    for (const auto& [name, why] : left_out)
        text += format("{}location '{}' is left out: {}", text.empty() ? "" : "; ", name, why);
    return text;
}

}  // namespace

void note_newest_backup(const config::Home& home, const ObjectId& repository, const Manifest& made,
                        base::Progress& progress) {
    try {
        const fs::path file = newest_backup_file(home);
        platform::durable_mkdir(file.parent_path(), 0700);
        platform::DurableFile target(file, 0600);
        target.append(base::as_bytes(Json::object({{"repository", repository.hex()},
                                                   {"id", made.id.hex()},
                                                   {"chain", chain_text(made.networks)},
                                                   {"sequence", made.sequence},
                                                   {"finished_at", made.finished_at}})
                                         .dump() +
                                     "\n"));
        platform::give_to_owner_of(home.root, target.fd());
        target.commit(platform::DurableFile::Existing::replace);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        progress.note(
            "the backup is stored, but not which one is the newest: while its locations are away an older "
            "one may be taken for the latest: " +
            error.in_full());
    }
}

void require_newest(Context& context, const repository::Repository& repository, const Manifest& latest,
                    const std::string& by_id) {
    const auto left_out = context.locations().unasked();
    if (left_out.empty()) return;
    const auto newest = newest_made(context.home_unchecked(), repository.id());
    if (!newest) return;
    if (newest->sequence <= latest.sequence && newest->finished_at <= latest.finished_at) return;
    storage::Location& location = repository.location();
    if (repository::backup_ids(location.list("manifests")).contains(newest->id)) return;
    if (repository::is_retired(repository::retired_backups(location), newest->id)) return;
    throw Error(ErrorKind::findings,
                format("cannot take the latest backup: no location that can be asked has {} ({}), which was "
                       "made last from here",
                       base::printable(newest->id.substr(0, 8)), base::printable(newest->chain)))
        .cause(left_out_text(left_out))
        .state("nothing was changed")
        .hint(format("bring the location back ('bt2c-dr location status'), then run this again; else '{} {}' "
                     "takes the newest that is there ({}, {}), which is older",
                     by_id, latest.id.brief(), chain_text(latest.networks),
                     base::format_utc(latest.finished_at)));
}

Error no_backup(Context& context, const std::string& name) {
    const auto left_out = context.locations().unasked();
    const std::string named = base::printable(name);
    if (left_out.empty())
        return Error(ErrorKind::failed, format("there is no backup '{}'", named))
            .state("nothing was changed")
            .hint("'bt2c-dr list-backups' shows the ids; at least four digits are needed");
    return Error(ErrorKind::failed, format("no location that can be asked has a backup '{}'", named))
        .cause(left_out_text(left_out))
        .state("nothing was changed")
        .hint(
            "bring the location back ('bt2c-dr location status'), then run this again; 'bt2c-dr "
            "list-backups' shows those that can be read now");
}

void add_unasked(Context& context, const std::string& name, Result& result) {
    if (name != "latest") return;
    result.document.set("unasked", unasked_document(context));
    const auto left_out = context.locations().unasked();
    if (left_out.empty()) return;
    result.print = [print = std::move(result.print), left_out](Output& out) {
        print(out);
        for (const auto& [location, why] : left_out)
            out.line("{} location '{}' could not be asked, and may hold a newer backup: {}",
                     out.styled(Style::yellow, "warning:"), location, why);
    };
}

Json unasked_document(Context& context) {
    Json list = Json::array();
    for (const auto& [name, why] : context.locations().unasked())
        list.push(Json::object({{"location", name}, {"text", why}}));
    return list;
}

}  // namespace bt2c::cli
