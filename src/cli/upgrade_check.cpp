#include "cli/upgrade_check.hpp"

#include <algorithm>

#include "agent/run_job.hpp"
#include "cli/own_program.hpp"
#include "keys/rotation_record.hpp"
#include "network/obey.hpp"
#include "platform/process.hpp"

namespace bt2c::cli {

using base::Error;
using base::ErrorKind;
using base::Json;
using chaindb::DatabaseFacts;
using chaindb::FactDifference;

namespace {

constexpr std::size_t document_bytes_max = 8 << 20;
/// A full backup of the largest chain there is takes minutes.
constexpr int command_timeout_ms = 24 * 3'600'000;

/// A row of `key_rotations` can be written by anyone; its record only by who holds both keys.
bool is_signed_by_both(const chaindb::KeyRotation& rotation,
                       const std::vector<chaindb::NetworkTip>& networks) {
    try {
        const auto record = keys::RotationRecord::parse(rotation.record);
        const auto tip = std::ranges::find(networks, rotation.network, &chaindb::NetworkTip::network);
        return record.network == rotation.network && record.old_address() == rotation.old_address &&
               record.new_address() == rotation.new_address && record.compromised == rotation.compromised &&
               tip != networks.end() && record.genesis_hash == tip->genesis_hash;
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        return false;
    }
}

}  // namespace

EndedCommand call_self(Context& context, const std::vector<std::string>& command) {
    std::vector<std::string> arguments{own_program().native()};
    for (const std::string& option : own_options(context)) arguments.push_back(option);
    arguments.push_back("--json");
    if (context.quiet()) arguments.push_back("--quiet");
    arguments.insert(arguments.end(), command.begin(), command.end());
    const auto ended = platform::run_and_capture(arguments, document_bytes_max, command_timeout_ms);
    return {ended.status, Json::parse(base::as_text(ended.output))};
}

Error failure_of(std::string message, const EndedCommand& ended) {
    ErrorKind kind = ErrorKind::failed;
    for (const ErrorKind other :
         {ErrorKind::usage, ErrorKind::busy, ErrorKind::wrong_secret, ErrorKind::interrupted})
        if (base::exit_status(other) == ended.status) kind = other;
    Error error(kind, std::move(message));
    const Json* const told = ended.document.find("error");
    if (!told) return error;
    error.cause(agent::summary_of(ended.document));
    if (told->find("hint")) error.hint(told->string_at("hint"));
    return error;
}

bool chain_verifies(Context& context) {
    const EndedCommand ended = call_self(context, {"verify-integrity"});
    if (ended.status != 0 && ended.status != base::exit_status(ErrorKind::findings))
        throw failure_of("cannot verify the chain", ended);
    return ended.status == 0;
}

std::vector<FactDifference> compare_with_chain(Context& context, const DatabaseFacts& before) {
    context.progress().phase("reading what the chain holds", 0);
    auto database = network::open_database(context.home(), upgrade_check_patience_ms);
    const DatabaseFacts now = chaindb::read_database_facts(database, &before);
    return chaindb::compare_facts(
        before, now,
        [&](std::string_view network, std::int64_t height) {
            return chaindb::block_hash_at(database, network, height);
        },
        [&](const chaindb::KeyRotation& rotation) { return is_signed_by_both(rotation, now.networks); });
}

Json differences_document(const std::vector<FactDifference>& differences) {
    Json list = Json::array();
    for (const FactDifference& difference : differences)
        list.push(Json::object({{"serious", difference.serious},
                                {"is_trigger", difference.is_trigger},
                                {"text", difference.text}}));
    return list;
}

void print_differences(Output& out, const std::vector<FactDifference>& differences) {
    for (const FactDifference& difference : differences)
        out.line("{} {}",
                 difference.serious      ? out.styled(Style::red, "wrong:")
                 : difference.is_trigger ? out.styled(Style::yellow, "read what it does:")
                                         : std::string("different:"),
                 difference.text);
}

std::string brief_id(const std::string& backup) {
    return base::printable(backup.substr(0, 8));
}

}  // namespace bt2c::cli
