#include <filesystem>

#include "cli/commands.hpp"
#include "cli/health_check.hpp"
#include "cli/latest_backup.hpp"
#include "cli/locations.hpp"
#include "cli/repository_access.hpp"
#include "cli/unfit_target.hpp"
#include "repository/export.hpp"

namespace bt2c::cli {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::Json;

Error unfit_file(const fs::path& file, const std::string& why) {
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

/// --force is for an export of before, and for nothing else.
void require_export_target(const Context& context, const fs::path& file) {
    if (file == "-")
        throw Error(ErrorKind::usage, "export writes a file, and cannot write to standard output")
            .state("nothing was written")
            .hint("name a file; one of that name is ./-");
    std::error_code unseen;
    if (!file.has_filename() || fs::is_directory(file, unseen))
        throw unfit_file(file, "it is a folder")
            .hint("name a file in it: -o " + shell_word((file / "node.bt2c").lexically_normal().native()));
    if (const std::string kind = special_kind(file); !kind.empty()) throw unfit_file(file, kind);

    if (const std::string why = unfit_target(context, file); !why.empty()) throw unfit_file(file, why);
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
            .exits = {base::ErrorKind::failed, base::ErrorKind::findings, base::ErrorKind::wrong_secret,
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
        const repository::Manifest manifest =
            find_backup(context, repository, id_, "bt2c-dr export -o " + shell_word(file_.native()));
        const repository::ExportResult written =
            repository::export_backup(repository, manifest, file_, force_, context.progress());
        context.locations().tell_faults();
        Result result{.document = Json::object({{"id", manifest.id.hex()},
                                                {"file", base::printable(file_.native())},
                                                {"bytes", written.bytes},
                                                {"objects", written.objects}}),
                      .print = [id = manifest.id.brief(), file = file_, written](Output& out) {
                          out.line("Backup {} is exported to {} ({}, {} objects).",
                                   out.styled(Style::bold, id), base::printable(file.native()),
                                   base::human_size(written.bytes), written.objects);
                      }};
        add_unasked(context, id_, result);
        return result;
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
