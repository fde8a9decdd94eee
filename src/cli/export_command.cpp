#include <filesystem>

#include "cli/commands.hpp"
#include "cli/health_check.hpp"
#include "cli/locations.hpp"
#include "cli/open_locations.hpp"
#include "cli/repository_access.hpp"
#include "repository/export.hpp"

namespace bt2c::cli {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::Json;

Error unfit_target(const fs::path& file, const std::string& why) {
    return Error(ErrorKind::usage,
                 base::format("cannot export to {}: {}", base::printable(file.native()), why))
        .state("nothing was written")
        .hint("name a file on a disk that is carried away, such as -o /media/usb/node.bt2c");
}

/// What is there instead of a plain file; empty: nothing, or a plain file.
std::string special_kind(const fs::path& file) {
    std::error_code unseen;  // the writer tells
    switch (fs::symlink_status(file, unseen).type()) {
        case fs::file_type::symlink: return "it is a symbolic link";
        case fs::file_type::fifo: return "it is a named pipe";
        case fs::file_type::socket: return "it is a socket";
        case fs::file_type::block:
        case fs::file_type::character: return "it is a device";
        case fs::file_type::unknown: return "it is no plain file";
        default: return "";
    }
}

/// Whether the file is the folder or lies in it, by whatever names they go.
bool is_within(const fs::path& file, const fs::path& folder) {
    std::error_code error;
    const fs::path parent = fs::weakly_canonical(fs::absolute(file).parent_path(), error);
    if (error) return false;
    for (fs::path at = parent / file.filename(); at.has_relative_path(); at = at.parent_path())
        if (same_folder(at, folder)) return true;
    return false;
}

/// --force is for an export of before, and for nothing else.
void require_export_target(Context& context, const fs::path& file) {
    if (file == "-")
        throw Error(ErrorKind::usage, "export writes a file, and cannot write to standard output")
            .state("nothing was written")
            .hint("name a file; one of that name is ./-");
    std::error_code unseen;
    if (!file.has_filename() || fs::is_directory(file, unseen))
        throw unfit_target(file, "it is a folder")
            .hint("name a file in it: -o " + shell_word((file / "node.bt2c").lexically_normal().native()));
    if (const std::string kind = special_kind(file); !kind.empty()) throw unfit_target(file, kind);

    const config::Home& home = context.home_unchecked();
    for (const char* name : {"data", "config", "keys", "wallets", "network"})
        if (is_within(file, home.root / name))
            throw unfit_target(file, base::format("it lies in the home's folder {}/", name));
    // A link may lead from there to it.
    for (const fs::path& own :
         {home.database(), home.key_file(), home.write_key_file(), home.settings_file()})
        if (fs::equivalent(file, own, unseen))
            throw unfit_target(file, "it is the home's " + own.lexically_relative(home.root).native());
    const config::Settings& settings = context.settings();
    if (!settings.repository.empty() && is_within(file, settings.repository))
        throw unfit_target(file, "it lies in the repository's folder");
    for (const config::LocationSettings& location : settings.locations)
        if (location.kind == config::LocationKind::folder && is_within(file, location.path))
            throw unfit_target(file, base::format("it lies in the folder of location '{}'", location.name));
}

class ExportCommand final : public Command {
    About about() const override {
        return {
            .name = "export",
            .summary = "write a backup into one file, to be carried away",
            .description =
                "Writes all that a backup needs into one sealed file: the backup, the full one it builds on, "
                "and the repository's key slots. It opens with the repository's own password, key file or "
                "recovery phrase, on any machine, with 'restore --backup-file'.\n\n"
                "The file appears whole or not at all. One that exists is left as it is, but with --force. "
                "Nothing but a plain file is replaced, and none is written among the node's own files or "
                "into a location.",
            .examples = {{"bt2c-dr export latest -o /media/usb/node.bt2c", "export the newest backup"},
                         {"bt2c-dr restore --backup-file /media/usb/node.bt2c", "bring it back elsewhere"}},
            .exits = {base::ErrorKind::failed, base::ErrorKind::wrong_secret,
                      base::ErrorKind::no_repository}};
    }

    void declare(Options& options) override {
        options.argument(id_, "ID", "the backup: an id, its first digits, or 'latest'").required = true;
        options.value(file_, "--output,-o", "FILE", "the file to write").required = true;
        options.flag(force_, "--force", "replace the file when it exists, and is a plain file");
    }

    Result run(Context& context) override {
        require_export_target(context, file_);
        const auto repository = open_repository(context);
        const repository::Manifest manifest = find_backup(context, repository, id_);
        const repository::ExportResult written =
            repository::export_backup(repository, manifest, file_, force_, context.progress());
        context.locations().tell_faults();
        return {.document = Json::object({{"id", manifest.id.hex()},
                                          {"file", base::printable(file_.native())},
                                          {"bytes", written.bytes},
                                          {"objects", written.objects}}),
                .print = [id = manifest.id.brief(), file = file_, written](Output& out) {
                    out.line("Backup {} is exported to {} ({}, {} objects).", out.styled(Style::bold, id),
                             base::printable(file.native()), base::human_size(written.bytes),
                             written.objects);
                }};
    }

    std::string id_;
    std::filesystem::path file_;
    bool force_ = false;
};

}  // namespace

std::unique_ptr<Command> export_command() {
    return std::make_unique<ExportCommand>();
}

}  // namespace bt2c::cli
