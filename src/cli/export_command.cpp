#include "cli/commands.hpp"
#include "cli/locations.hpp"
#include "cli/repository_access.hpp"
#include "repository/export.hpp"

namespace bt2c::cli {
namespace {

using base::Json;

class ExportCommand final : public Command {
    About about() const override {
        return {
            .name = "export",
            .summary = "write a backup into one file, to be carried away",
            .description =
                "Writes all that a backup needs into one sealed file: the backup, the full one it builds on, "
                "and the repository's key slots. It opens with the repository's own password, key file or "
                "recovery phrase, on any machine, with 'restore --backup-file'.\n\n"
                "The file appears whole or not at all. One that exists is left as it is, but with --force.",
            .examples = {{"bt2c-dr export latest -o /media/usb/node.bt2c", "export the newest backup"},
                         {"bt2c-dr restore --backup-file /media/usb/node.bt2c", "bring it back elsewhere"}},
            .exits = {base::ErrorKind::failed, base::ErrorKind::wrong_secret,
                      base::ErrorKind::no_repository}};
    }

    void declare(Options& options) override {
        options.argument(id_, "ID", "the backup: an id, its first digits, or 'latest'").required = true;
        options.value(file_, "--output,-o", "FILE", "the file to write").required = true;
        options.flag(force_, "--force", "replace the file when it exists");
    }

    Result run(Context& context) override {
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
