#include "cli/commands.hpp"
#include "cli/token_access.hpp"

namespace bt2c::cli {
namespace {

using base::ErrorKind;
using base::Json;

Json flag(const std::optional<bool>& known) {
    return known ? Json(*known) : Json();
}

Json key_document(const token::KeyInfo& key) {
    const auto address = address_of(key);
    return Json::object({{"address", address ? Json(*address) : Json()},
                         {"label", key.label},
                         {"id", base::to_hex(key.id)},
                         {"private", key.has_private},
                         {"sensitive", flag(key.sensitive)},
                         {"extractable", flag(key.extractable)},
                         {"signs", flag(key.signs)},
                         {"decrypts", flag(key.decrypts)}});
}

std::string uses_of(const token::KeyInfo& key) {
    if (!key.has_private) return "(public part)";
    std::string uses = key.signs == true ? "sign" : "";
    if (key.decrypts == true) uses += uses.empty() ? "decrypt" : ", decrypt";
    return uses;
}

Cell kept_in(const token::KeyInfo& key) {
    if (!key.has_private) return "";
    if (key.sensitive == true && key.extractable == false) return "yes";
    return Cell("NO", Style::red);
}

void print_token(Output& out, const token::TokenInfo& token) {
    out.line("{}", out.styled(Style::bold, token.label));
    out.fields({{"serial", token.serial},
                {"made by", token.manufacturer},
                {"model", token.model},
                {"private keys", token.logged_in ? "listed" : "not listed: that takes the PIN (--login)"}});
    if (!token.pin_warning.empty()) out.line("  warning: {}", token.pin_warning);
    Table table({{"ADDRESS"}, {"LABEL", Column::Align::left, true}, {"ID"}, {"MAY"}, {"NEVER LEAVES"}});
    for (const token::KeyInfo& key : token.keys)
        table.row({address_of(key).value_or("-"), key.label, base::to_hex(key.id).substr(0, 16), uses_of(key),
                   kept_in(key)});
    if (!table.empty()) out.table(table, "  ");
}

class KeysTokenListCommand final : public Command {
    About about() const override {
        return {
            .name = "keys token list",
            .summary = "list hardware tokens and the RSA keys on them",
            .description =
                "Shows each token that the PKCS#11 module sees, and its RSA keys. Without a PIN only what is "
                "public is seen. With one (--login, or a file that holds it), and one token, the private "
                "keys "
                "are listed too: what they may be used for, and whether the token says that they never leave "
                "it.\n\nThe module runs in a process of its own, so that a broken one does no harm.",
            .examples = {{"bt2c-dr keys token list --module /usr/lib/softhsm/libsofthsm2.so",
                          "what is plugged in?"},
                         {"bt2c-dr keys token list --token validator --login", "with the private keys"}},
            .exits = {ErrorKind::failed, ErrorKind::wrong_secret},
            .if_it_fails = "nothing was changed"};
    }

    void declare(Options& options) override {
        token_.declare(options);
        options.flag(login_, "--login", "ask for the PIN, and list private keys too");
    }

    Result run(Context& context) override {
        const token::Access access = login_ ? token_.with_pin(context) : token_.with_given_pin(context);
        const auto tokens = std::make_shared<const std::vector<token::TokenInfo>>(token::list_tokens(access));
        Json list = Json::array();
        for (const token::TokenInfo& token : *tokens) {
            Json keys = Json::array();
            for (const token::KeyInfo& key : token.keys) keys.push(key_document(key));
            list.push(Json::object({{"label", token.label},
                                    {"serial", token.serial},
                                    {"manufacturer", token.manufacturer},
                                    {"model", token.model},
                                    {"logged_in", token.logged_in},
                                    {"warning", token.pin_warning.empty() ? Json() : Json(token.pin_warning)},
                                    {"keys", std::move(keys)}}));
        }
        return {.document = Json::object({{"tokens", std::move(list)}}), .print = [tokens](Output& out) {
                    if (tokens->empty()) out.line("The module sees no token that is initialised.");
                    for (const token::TokenInfo& token : *tokens) print_token(out, token);
                }};
    }

    TokenOptions token_;
    bool login_ = false;
};

}  // namespace

std::unique_ptr<Command> keys_token_list_command() {
    return std::make_unique<KeysTokenListCommand>();
}

}  // namespace bt2c::cli
