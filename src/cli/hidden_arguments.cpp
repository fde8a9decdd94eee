#include "cli/hidden_arguments.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/text.hpp"

namespace bt2c::cli {
namespace {

constexpr std::array<std::string_view, 1> secret_options{"--seed-phrase"};
/// Begins with a character that nobody types.
constexpr std::string_view token_prefix = "\x01secret-";
/// From standard input; no secret itself.
constexpr std::string_view standard_input = "-";

std::vector<crypto::SecretBytes>& taken() {
    static std::vector<crypto::SecretBytes> secrets;
    return secrets;
}

std::string hide(char* value) {
    const std::size_t size = std::strlen(value);
    std::string token = base::format("{}{}", token_prefix, taken().size());
    taken().push_back(crypto::SecretBytes::copy_of({reinterpret_cast<std::uint8_t*>(value), size}));
    crypto::wipe(value, size);
    return token;
}

}  // namespace

bool is_secret_option(std::string_view name) {
    return std::ranges::find(secret_options, name) != secret_options.end();
}

std::vector<std::string> take_arguments(int argc, char** argv) {
    std::vector<std::string> arguments;
    for (int i = 1; i < argc; ++i) {
        const std::string_view argument = argv[i];
        const std::size_t equals = argument.find('=');
        if (is_secret_option(argument.substr(0, equals)) && equals != std::string_view::npos) {
            const std::string name(argument.substr(0, equals + 1));
            arguments.push_back(name + hide(argv[i] + equals + 1));
        } else {
            arguments.emplace_back(argument);
            if (is_secret_option(argument) && i + 1 < argc && argv[i + 1] != standard_input)
                arguments.push_back(hide(argv[++i]));
        }
    }
    return arguments;
}

crypto::SecretBytes secret_argument(const std::string& token) {
    if (!token.starts_with(token_prefix)) return crypto::SecretBytes::copy_of(base::as_bytes(token));
    return taken().at(std::stoul(token.substr(token_prefix.size()))).copy();
}

bool had_secret_argument() {
    return !taken().empty();
}

}  // namespace bt2c::cli
