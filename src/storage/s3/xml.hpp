#pragma once
// As much XML as S3 services answer with: elements, attributes that do not matter, text. Strict and bounded:
// no DOCTYPE, no entities but the five of XML and numbers, at most 16 elements deep.

#include <functional>
#include <string>
#include <string_view>

namespace bt2c::storage::s3 {

/// Calls `element(path, text)` at the end of each element, in their order: `path` are the names from the
/// outermost on, joined by '/', without name spaces; `text` is its own text, entities replaced. False when
/// it is no such XML; elements that came before the fault were told.
[[nodiscard]] bool read_xml(std::string_view text,
                            const std::function<void(std::string_view path, std::string_view text)>& element);

}  // namespace bt2c::storage::s3
