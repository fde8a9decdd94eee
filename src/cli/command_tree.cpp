#include "cli/command_tree.hpp"

#include "cli/parser.hpp"

namespace bt2c::cli {

std::string_view program_summary() {
    return "back up a BT2C node, verify its chain and bring it back after a disaster";
}

const std::vector<Option>& global_options() {
    static const std::vector<Option> options = [] {
        static GlobalOptions unused;
        static bool flag = false;
        Options declared;
        declare_globals(declared, unused);
        declared.flag(flag, "--help,-h", "show help, with examples and exit statuses");
        declared.flag(flag, "--version", "show the version");
        return declared.all();
    }();
    return options;
}

std::vector<CommandNode> command_tree(const CommandTable& table) {
    std::vector<CommandNode> nodes(1);
    nodes[0].about.summary = program_summary();
    std::vector<Group> groups = table.groups;
    for (const auto& command : table.commands) {
        if (command->about().hidden) continue;
        // A group stands where the first of its commands does.
        std::erase_if(groups, [&](const Group& group) {
            if (!command->about().name.starts_with(group.name + " ")) return false;
            nodes.emplace_back().about.name = group.name;
            nodes.back().about.summary = group.summary;
            return true;
        });
        Options options;
        command->declare(options);
        nodes.push_back({command->about(), true, options.all(), {}});
    }
    for (CommandNode& parent : nodes) {
        const std::string prefix = parent.about.name.empty() ? "" : parent.about.name + " ";
        for (const CommandNode& child : nodes) {
            const std::string& name = child.about.name;
            if (parent.is_command || name.empty() || !name.starts_with(prefix)) continue;
            if (name.find(' ', prefix.size()) == std::string::npos)
                parent.words.emplace_back(name.substr(prefix.size()), child.about.summary);
        }
    }
    return nodes;
}

}  // namespace bt2c::cli
