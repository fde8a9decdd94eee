#include "repository/intent.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"
#include "repository/sound_object.hpp"

namespace bt2c::repository {

using base::Error;
using base::ErrorKind;

Intent::Intent(const Repository& repository, storage::Location& location, const char* what)
    : location_(location) {
    const std::string text =
        base::Json::object({{"what", what}, {"started_at", base::format_utc(started_at_)}}).dump();
    object_ = repository.seal_object(ObjectType::intent, id_, base::as_bytes(text),
                                     repository.keys().new_backup_secret());
    bool stored = false;
    try {
        stored = location_.put(object_name(ObjectType::intent, id_), object_);
    } catch (...) {
        end();  // it may have failed behind the point where the object has its name
        throw;
    }
    if (!stored) throw Error(ErrorKind::failed, "cannot store an intent: its name is taken");
}

Intent::~Intent() {
    end();
}

void Intent::end() noexcept {
    try {
        location_.remove(object_name(ObjectType::intent, id_));
        return;
    } catch (const std::exception&) {  // perhaps nothing can be removed here
    }
    try {
        static_cast<void>(location_.put(base::format("{}/{}", ended_folder, id_.hex()), object_));
    } catch (const std::exception&) {  // it gets stale
    }
}

std::optional<base::UnixMs> Intent::started_at(const Repository& repository, const ObjectId& id) try {
    const std::string name = object_name(ObjectType::intent, id);
    const auto contents = repository.location().get_range(name, 0, object_bytes_max(name));
    if (!contents) return std::nullopt;
    const base::Json json =
        base::Json::parse(base::as_text(repository.open_object(ObjectType::intent, id, *contents)));
    return base::parse_utc(json.string_at("started_at"));
} catch (const Error& error) {
    if (error.kind() == ErrorKind::interrupted) throw;
    return std::nullopt;
}

void Intent::require_fresh() const {
    const auto run_ms = static_cast<base::UnixMs>(watch_.seconds() * 1000);
    const base::UnixMs age = std::max(run_ms, base::now_unix_ms() - started_at_);
    if (age <= intent_fresh_ms) return;
    throw Error(ErrorKind::failed, "cannot store the backup: it took too long")
        .cause(base::format("it began {} ago, and after {} a prune may take what it builds on",
                            base::human_duration(static_cast<double>(age) / 1000),
                            base::human_duration(static_cast<double>(intent_fresh_ms) / 1000)))
        .hint(
            "was this machine asleep, or its clock set? If not, a faster line or a nearer location is "
            "needed");
}

}  // namespace bt2c::repository
