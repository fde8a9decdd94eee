#include "base/text.hpp"
#include "cli/commands.hpp"
#include "drill/devnet_run.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;
using base::Json;

constexpr double stop_patience_s = 10;

class DevnetDownCommand final : public Command {
    About about() const override {
        return {
            .name = "devnet down",
            .summary = "stop a network that 'devnet up' made",
            .description =
                "Asks all its processes to end, and kills those that have not after ten seconds, which it "
                "tells. The chains stay, and 'devnet up' goes on with them, unless --remove is given.",
            .examples = {{"bt2c-dr devnet down", "stop the network in ./devnet"},
                         {"bt2c-dr devnet down --remove --dir /tmp/ten", "and delete its folder"}},
            .exits = {ErrorKind::failed, ErrorKind::busy}};
    }

    void declare(Options& options) override {
        options.value(folder_, "--dir", "DIR", "the network's folder (default: ./devnet)");
        options.flag(remove_, "--remove", "delete the folder, with all chains and keys in it");
    }

    Result run(Context&) override {
        drill::Devnet devnet = drill::read_devnet(folder_);
        const drill::DevnetLock lock(devnet.folder);
        devnet = drill::read_devnet(folder_);
        const std::vector<std::string> killed = drill::stop(devnet, stop_patience_s);
        if (remove_) {
            std::error_code error;
            std::filesystem::remove_all(devnet.folder, error);
            if (error)
                throw Error(ErrorKind::failed,
                            base::format("cannot delete {}", base::printable(devnet.folder.native())))
                    .cause(error.message())
                    .state("its processes have ended");
        }
        Json list = Json::array();
        for (const std::string& name : killed) list.push(name);
        return {.document = Json::object(
                    {{"folder", devnet.folder.native()}, {"killed", std::move(list)}, {"removed", remove_}}),
                .print = [=, removed = remove_](Output& out) {
                    for (const std::string& name : killed)
                        out.line("{} did not end in {:.0f} s and was killed.", name, stop_patience_s);
                    out.line("The network in {} is stopped{}.", base::printable(devnet.folder.native()),
                             removed ? " and deleted" : "");
                }};
    }

    std::filesystem::path folder_ = "devnet";
    bool remove_ = false;
};

}  // namespace

std::unique_ptr<Command> devnet_down_command() {
    return std::make_unique<DevnetDownCommand>();
}

}  // namespace bt2c::cli
