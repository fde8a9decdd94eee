#include "cli/key_slot_document.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace bt2c::cli {

using base::Json;
using repository::SlotInfo;

namespace {

/// The kind, and of a token which one.
std::string opens_with(const SlotInfo& slot) {
    if (!slot.token) return slot_kind_text(slot.kind);
    return base::format("token '{}', serial {}", base::printable(slot.token->token_label),
                        base::printable(slot.token->token_serial));
}

}  // namespace

Json slot_document(const SlotInfo& slot) {
    Json document = Json::object({{"id", slot.id.hex()},
                                  {"kind", repository::slot_kind_name(slot.kind)},
                                  {"label", slot.label},
                                  {"created_at", base::format_utc(slot.created_at)}});
    if (slot.token)
        document.set("token", Json::object({{"label", slot.token->token_label},
                                            {"serial", slot.token->token_serial},
                                            {"key_id", base::to_hex(slot.token->key_id)}}));
    return document;
}

std::string slot_kind_text(repository::SlotKind kind) {
    std::string text(repository::slot_kind_name(kind));
    std::replace(text.begin(), text.end(), '_', ' ');
    return text;
}

Table slot_table(const repository::SlotList& list) {
    Table table({{"ID"}, {"OPENS WITH"}, {"LABEL", Column::Align::left, true}, {"MADE (UTC)"}});
    for (const SlotInfo& slot : list.slots)
        table.row({slot.id.brief(), opens_with(slot), base::printable(slot.label),
                   base::format_utc(slot.created_at).substr(0, 10)});
    for (const std::string& name : list.damaged)
        table.row({base::printable(name.substr(name.rfind('/') + 1).substr(0, 8)),
                   Cell("nothing: it is damaged", Style::red), "", ""});
    for (const repository::UnreadSlot& slot : list.unread)
        table.row({base::printable(slot.name.substr(slot.name.rfind('/') + 1).substr(0, 8)),
                   Cell("not known: it cannot be read", Style::yellow), base::printable(slot.error.in_full()),
                   ""});
    return table;
}

}  // namespace bt2c::cli
