#include "storage/s3/credentials.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <system_error>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "platform/file.hpp"

namespace bt2c::storage::s3 {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;

namespace {

constexpr std::uint64_t file_bytes_max = 1 << 20;
constexpr std::size_t key_bytes_max = 512;
constexpr std::size_t session_token_bytes_max = 16 << 10;

std::string_view variable(const char* name) {
    const char* const value = std::getenv(name);
    return value ? value : std::string_view();
}

std::string_view trimmed(std::string_view text) {
    const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

/// These go into headers, and into no message.
bool is_sound(std::string_view value, std::size_t most) {
    return value.size() <= most && std::ranges::all_of(value, [](char c) { return c > ' ' && c < 0x7F; });
}

Credentials made_of(std::string_view access, std::string_view secret, std::string_view token,
                    const std::string& from) {
    const auto check = [&](std::string_view value, std::string_view what, std::size_t most) {
        if (!is_sound(value, most))
            throw Error(ErrorKind::usage, format("cannot use the credentials of {}", from))
                .cause(format("the {} has characters that none has, or is longer than {} bytes", what, most));
    };
    check(access, "access key", key_bytes_max);
    check(secret, "secret key", key_bytes_max);
    check(token, "session token", session_token_bytes_max);
    return {std::string(access), crypto::SecretBytes::copy_of(base::as_bytes(secret)),
            crypto::SecretBytes::copy_of(base::as_bytes(token))};
}

/// Wipes what was read of the file.
struct Contents {
    base::Bytes bytes;
    ~Contents() { crypto::wipe(bytes.data(), bytes.size()); }
};

void refuse_open_modes(const fs::path& file) {
    std::error_code error;
    const fs::perms perms = fs::status(file, error).permissions();
    if (error || (perms & (fs::perms::others_all | fs::perms::group_write)) == fs::perms::none) return;
    throw Error(ErrorKind::usage, format("cannot use {}", printable(file.native())))
        .cause(format("others may read or change it (mode {:04o})", static_cast<unsigned>(perms)))
        .hint(format("chmod 600 {}", printable(file.native())));
}

using Values = std::map<std::string, std::string_view>;

/// The values of one section; views into `text`.
Values section_of(std::string_view text, const std::string& profile, const fs::path& file) {
    Values values;
    bool seen = false, inside = false, any = false;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto refuse = [&](const std::string& why) {
            return Error(ErrorKind::usage, format("cannot use {} line {}", printable(file.native()), number))
                .cause(why);
        };
        const std::string_view raw = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), raw.size() + 1));
        const std::string_view line = trimmed(raw);
        if (line.empty() || line.front() == '#' || line.front() == ';') continue;
        if (line.front() == '[') {
            if (line.back() != ']') throw refuse("the name of a section must end with ']'");
            inside = trimmed(line.substr(1, line.size() - 2)) == profile;
            any = true;
            if (inside && std::exchange(seen, true))
                throw refuse(format("there is a second section [{}]", profile));
            continue;
        }
        if (any && (raw.front() == ' ' || raw.front() == '\t')) continue;  // belongs to the line above
        const std::size_t equals = line.find('=');
        if (equals == std::string_view::npos || equals == 0)
            throw refuse("it is neither a section such as [default] nor 'name = value'");
        if (!any) throw refuse("it stands in no section such as [default]");
        const std::string name = base::ascii_lower(trimmed(line.substr(0, equals)));
        if (inside && !values.emplace(name, trimmed(line.substr(equals + 1))).second)
            throw refuse(format("'{}' is there a second time", printable(name)));
    }
    if (!seen)
        throw Error(ErrorKind::usage, format("cannot find credentials in {}: there is no section [{}]",
                                             printable(file.native()), printable(profile)))
            .hint("name another profile, or add the section");
    return values;
}

Credentials from_file(const std::string& profile, const fs::path& file, bool heeds_variables) {
    const std::string name = printable(file.native());
    std::error_code unseen;
    const fs::file_type type = fs::status(file, unseen).type();
    if (type == fs::file_type::none)  // as where a folder above it is closed
        throw Error(ErrorKind::usage, format("cannot look at the credentials for S3 in {}", name))
            .cause(unseen.message())
            .hint("put the file where the user that runs this may read it, and name it in dr.toml");
    if (type == fs::file_type::not_found)
        throw Error(ErrorKind::usage, format("cannot find credentials for S3: there is no file {}", name))
            .hint(format("{}write the file: [{}], aws_access_key_id = …, aws_secret_access_key = …",
                         heeds_variables ? "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or " : "",
                         printable(profile)));
    if (type != fs::file_type::regular)
        throw Error(ErrorKind::usage, format("cannot find credentials for S3: {} is no plain file", name))
            .hint("name the file as credentials_file in dr.toml, or in AWS_SHARED_CREDENTIALS_FILE");
    refuse_open_modes(file);
    const Contents contents{platform::read_file(file, file_bytes_max)};
    const Values values = section_of(base::as_text(contents.bytes), profile, file);
    const auto value = [&](const char* key, bool needed) {
        const auto found = values.find(key);
        if (found != values.end() && !found->second.empty()) return found->second;
        if (needed)
            throw Error(ErrorKind::usage, format("cannot use the credentials [{}] of {}: there is no {}",
                                                 printable(profile), name, key))
                .hint("only keys that stand in the file are used: no roles, no programs, no single sign-on");
        return std::string_view();
    };
    return made_of(value("aws_access_key_id", true), value("aws_secret_access_key", true),
                   value("aws_session_token", false), name);
}

}  // namespace

Credentials find_credentials(const std::string& profile, const fs::path& file) {
    const bool named = !file.empty() || !(profile.empty() || profile == "default");
    const std::string_view access = variable("AWS_ACCESS_KEY_ID"), secret = variable("AWS_SECRET_ACCESS_KEY");
    if (!named && access.empty() != secret.empty())
        throw Error(ErrorKind::usage, "cannot use the credentials of the environment")
            .cause("of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only one is set");
    if (!named && !access.empty())
        return made_of(access, secret, variable("AWS_SESSION_TOKEN"), "the environment");
    std::string section = profile;
    if (section.empty() || section == "default") section = variable("AWS_PROFILE");
    if (section.empty()) section = "default";
    fs::path path = file;
    if (path.empty()) path = variable("AWS_SHARED_CREDENTIALS_FILE");
    if (path.empty()) path = fs::path(variable("HOME")) / ".aws" / "credentials";
    return from_file(section, path, !named);
}

}  // namespace bt2c::storage::s3
