#include "cli/key_slot_document.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace bt2c::cli {

using base::Json;
using repository::SlotInfo;

Json slot_document(const SlotInfo& slot) {
    return Json::object({{"id", slot.id.hex()},
                         {"kind", repository::slot_kind_name(slot.kind)},
                         {"label", slot.label},
                         {"created_at", base::format_utc(slot.created_at)}});
}

std::string slot_kind_text(repository::SlotKind kind) {
    std::string text(repository::slot_kind_name(kind));
    std::replace(text.begin(), text.end(), '_', ' ');
    return text;
}

Table slot_table(const repository::SlotList& list) {
    Table table({{"ID"}, {"OPENS WITH"}, {"LABEL", Column::Align::left, true}, {"MADE (UTC)"}});
    for (const SlotInfo& slot : list.slots)
        table.row({slot.id.brief(), slot_kind_text(slot.kind), base::printable(slot.label),
                   base::format_utc(slot.created_at).substr(0, 10)});
    for (const std::string& name : list.damaged)
        table.row({base::printable(name.substr(name.rfind('/') + 1).substr(0, 8)),
                   Cell("nothing: it is damaged", Style::red), "", ""});
    return table;
}

}  // namespace bt2c::cli
