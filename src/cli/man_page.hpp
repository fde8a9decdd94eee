#pragma once
// Man pages in the man(7) macros, made from the declarations of the commands.

#include <string>
#include <vector>

#include "cli/command_tree.hpp"

namespace bt2c::cli {

/// "bt2c-dr-repository-check": the page's name, without its section.
std::string man_page_name(const CommandNode& node);
/// The page of `node`, in section 1; `tree` is the whole, for the cross-references.
std::string man_page(const CommandNode& node, const std::vector<CommandNode>& tree);

}  // namespace bt2c::cli
