#include "config/phrase_record.hpp"

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "platform/file.hpp"

namespace bt2c::config {

using base::Error;
using base::Json;

namespace {
constexpr std::uint64_t record_bytes_max = 4096;
}

fs::path phrase_record_file(const Home& home) {
    return home.config() / "recovery-phrase-confirmed.json";
}

std::optional<PhraseRecord> load_phrase_record(const Home& home) {
    const fs::path file = phrase_record_file(home);
    std::error_code error;
    if (fs::status(file, error).type() == fs::file_type::not_found) return std::nullopt;
    const base::Bytes contents = platform::read_file(file, record_bytes_max);
    try {
        const Json json = Json::parse(base::as_text(contents));
        const auto confirmed_at = base::parse_utc(json.string_at("confirmed_at"));
        if (!confirmed_at) throw Error(base::ErrorKind::failed, "its time is none");
        return PhraseRecord{json.string_at("repository"), json.string_at("slot"), *confirmed_at};
    } catch (const Error& wrong) {
        throw Error(base::ErrorKind::failed,
                    base::format("cannot use the record {}", base::printable(file.native())))
            .cause(wrong.message());
    }
}

void store_phrase_record(const Home& home, const PhraseRecord& record) {
    platform::durable_mkdir(home.config(), 0755);
    platform::DurableFile file(phrase_record_file(home), 0600);
    file.append(base::as_bytes(Json::object({{"repository", record.repository},
                                             {"slot", record.slot},
                                             {"confirmed_at", base::format_utc(record.confirmed_at)}})
                                   .dump(true) +
                               "\n"));
    platform::give_to_owner_of(home.root, file.fd());
    file.commit(platform::DurableFile::Existing::replace);
}

}  // namespace bt2c::config
