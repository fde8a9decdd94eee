#include "cli/parser.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "base/text.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;

/// An option as we declared it, and as the library filled it.
struct Binding {
    const Option* declared;
    CLI::Option* parsed;
};

/// A word of the command line that leads somewhere: the program, a group or a command.
struct Node {
    CLI::App* app = nullptr;
    Command* command = nullptr;
    Options options;
    std::vector<Binding> bindings;
};

Error usage_error(std::string message, const std::string& nearest = "") {
    Error error(ErrorKind::usage, std::move(message));
    if (!nearest.empty()) error.hint(format("did you mean '{}'?", nearest));
    return error;
}

class Parser {
 public:
    explicit Parser(const CommandTable& table) {
        add("", nullptr);
        declare_globals(nodes_[""].options, request_.globals);
        bind(nodes_[""]);
        for (const Group& group : table.groups) add(group.name, nullptr);
        for (const auto& command : table.commands) {
            Node& node = add(command->about().name, command.get());
            command->declare(node.options);
            bind(node);
        }
    }

    Request parse(const std::vector<std::string>& arguments) {
        try {
            return read(arguments);
        } catch (Error& error) {
            if (error.hint().empty()) error.hint(help_hint(subject()));
            throw;
        }
    }

 private:
    Request read(const std::vector<std::string>& arguments) {
        arguments_ = arguments;
        try {
            root_.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
        } catch (const CLI::CallForHelp&) {
            return ask(Request::Kind::help);
        } catch (const CLI::ParseError& error) {
            require_values();
            require_no_leftovers();
            throw translated(error);
        }
        if (version_->count() > 0) return ask(Request::Kind::version);
        require_values();
        require_no_leftovers();
        request_.subject = subject();
        store(nodes_[""]);
        Node& node = nodes_[request_.subject];
        if (!node.command) throw no_command();
        store(node);
        request_.command = node.command;
        return std::move(request_);
    }

    Node& add(const std::string& name, Command* command) {
        Node& node = nodes_[name];
        node.command = command;
        if (name.empty()) {
            node.app = &root_;
            root_.set_help_flag("--help,-h", "");
            version_ = root_.add_flag("--version");
        } else {
            const std::size_t blank = name.rfind(' ');
            CLI::App* parent = blank == std::string::npos ? &root_ : nodes_.at(name.substr(0, blank)).app;
            node.app = parent->add_subcommand(name.substr(blank == std::string::npos ? 0 : blank + 1));
            node.app->fallthrough();
        }
        // At most one: else the word after a command would be taken for a second command.
        if (!command) node.app->require_subcommand(0, 1);
        return node;
    }

    static void bind(Node& node) {
        for (const Option& option : node.options.all()) {
            std::string names =
                option.is_argument ? "argument" + std::to_string(node.bindings.size()) : option.name;
            if (!option.short_name.empty()) names += "," + option.short_name;
            CLI::Option* parsed =
                option.value.empty() ? node.app->add_flag(names) : node.app->add_option(names);
            if (!option.value.empty()) parsed->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
            node.bindings.push_back({&option, parsed});
        }
    }

    /// The words of the innermost command or group that was named.
    std::string subject() const {
        std::string words;
        for (const CLI::App* app = &root_; !app->get_subcommands().empty();) {
            app = app->get_subcommands().front();
            words += (words.empty() ? "" : " ") + app->get_name();
        }
        return words;
    }

    Request ask(Request::Kind kind) {
        request_.kind = kind;
        request_.subject = subject();
        for (const Binding& binding : nodes_[""].bindings)
            if (binding.declared->name == "--json" && binding.parsed->count() > 0)
                request_.globals.json = true;
        return std::move(request_);
    }

    std::vector<std::string> words_after(const std::string& group) const {
        std::vector<std::string> words;
        for (const auto& [name, node] : nodes_) {
            if (name.empty() || (node.command && node.command->about().hidden)) continue;
            const std::string prefix = group.empty() ? "" : group + " ";
            if (name.starts_with(prefix) && name.find(' ', prefix.size()) == std::string::npos)
                words.push_back(name.substr(prefix.size()));
        }
        return words;
    }

    /// Throws for the first word that nothing took.
    void require_no_leftovers() const {
        std::vector<std::string> left = root_.remaining(true);
        std::erase(left, "--");  // the library counts the mark among the words it did not take
        if (left.empty()) return;
        const std::string where = subject();
        const Node& node = nodes_.at(where);
        const std::string& word = left.front();
        if (word.size() > 1 && word.starts_with('-')) {
            std::vector<std::string> candidates{"--help", "--version"};
            for (const Node* each : {&node, &nodes_.at("")})
                for (const Option& option : each->options.all())
                    if (!option.is_argument) candidates.push_back(option.name);
            const std::string name = word.substr(0, word.find('='));
            throw usage_error(where.empty() ? format("there is no option '{}'", printable(name))
                                            : format("'{}' has no option '{}'", where, printable(name)),
                              base::nearest_word(name, candidates));
        }
        if (node.command)
            throw usage_error(format("'{}' takes no further argument '{}'", where, printable(word)));
        throw usage_error(
            format("there is no command '{}{}'", where.empty() ? "" : where + " ", printable(word)),
            base::nearest_word(word, words_after(where)));
    }

    Error no_command() const {
        std::string words;
        for (const std::string& word : words_after(request_.subject))
            words += (words.empty() ? "" : ", ") + word;
        if (request_.subject.empty())
            return Error(ErrorKind::usage, "no command is given")
                .hint("run 'bt2c-dr help' for the list of commands");
        return Error(ErrorKind::usage, format("'{}' needs one of: {}", request_.subject, words));
    }

    Error translated(const CLI::ParseError& error) const {
        const std::string text = error.what();
        if (error.get_name() == "ArgumentMismatch")
            return usage_error(format("{} needs a value", printable(text.substr(0, text.find(':')))));
        return usage_error(format("cannot read the command line: {}", printable(text)));
    }

    void store(const Node& node) const {
        for (const auto& [declared, parsed] : node.bindings) {
            const std::vector<std::string>& given = parsed->results();
            if (given.empty() && declared->required)
                throw usage_error(format("{} is missing", declared->name));
            if (given.size() > 1 && !declared->list && !declared->value.empty())
                throw usage_error(format("{} is given more than once", declared->name));
            for (const std::string& text : given) store(*declared, text);
        }
    }

    void store(const Option& option, const std::string& text) const {
        // The library takes the second word of "--output --json" for the value; that of "--output=--json" is.
        if (!option.is_argument && !option.value.empty() && option_named(text) &&
            std::find(arguments_.begin(), arguments_.end(), option.name + "=" + text) == arguments_.end())
            throw usage_error(format("{} needs a value", option.name))
                .hint(format("if '{}' is meant as the value, write {}={}", text, option.name, text));
        if (option.value.empty() && text != "true")
            throw usage_error(format("{} takes no value", option.name));
        std::string_view rest = text;
        do {
            const std::size_t comma = option.list ? rest.find(',') : std::string_view::npos;
            try {
                option.store(std::string(rest.substr(0, comma)));
            } catch (const Error& error) {
                throw Error(ErrorKind::usage, format("cannot use {}: {}", option.name, error.message()))
                    .hint(error.hint());
            }
            rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
        } while (!rest.empty());
    }

    const Option* option_named(const std::string& text) const {
        for (const auto& [name, node] : nodes_)
            for (const Option& option : node.options.all())
                if (!option.is_argument && option.name == text) return &option;
        return nullptr;
    }

    /// Throws for "--option=", where the library takes the next word for the value.
    void require_values() const {
        for (const std::string& word : arguments_) {
            if (word == "--") return;
            if (word.find('=') + 1 != word.size()) continue;
            if (const Option* option = option_named(word.substr(0, word.size() - 1))) store(*option, "");
        }
    }

    std::vector<std::string> arguments_;
    CLI::App root_;
    CLI::Option* version_ = nullptr;
    std::map<std::string, Node> nodes_;
    Request request_;
};

}  // namespace

std::string help_hint(const std::string& subject) {
    return format("run 'bt2c-dr {}{}--help'", subject, subject.empty() ? "" : " ");
}

void declare_globals(Options& options, GlobalOptions& target) {
    options.value(target.home, "--home", "DIR", "the node's home (default: $BT2C_HOME, else ~/.bt2c)");
    options.value(target.config, "--config", "FILE", "the settings (default: HOME/config/dr.toml)");
    options.choice(target.network, "--network", {"mainnet", "testnet", "devnet"},
                   "the network (default: the only one in the database)");
    options.flag(target.json, "--json", "print the result as one JSON document");
    options.flag(target.quiet, "--quiet", "show no progress and no notes");
    options.flag(target.verbose, "--verbose", "tell more");
}

Request parse_command_line(const std::vector<std::string>& arguments, const CommandTable& table) {
    return Parser(table).parse(arguments);
}

}  // namespace bt2c::cli
