// What a daemon needs: telling the service manager, and noticing files.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "platform/folder_watch.hpp"
#include "platform/notify.hpp"
#include "platform/process.hpp"
#include "support/environment.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::platform {
namespace {

/// A service manager's socket; a name that begins with @ is in the abstract namespace.
class Manager {
 public:
    explicit Manager(std::string name)
        : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        name.copy(address.sun_path, sizeof address.sun_path);
        if (name[0] == '@') address.sun_path[0] = '\0';
        if (::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size())) != 0)
            throw std::runtime_error("cannot bind");
    }
    std::string received() const {
        char buffer[100];
        const ssize_t got = ::recv(socket_.get(), buffer, sizeof buffer, 0);
        return got < 0 ? "nothing" : std::string(buffer, static_cast<std::size_t>(got));
    }

 private:
    Descriptor socket_;
};

TEST(Notify, ReachesASocketByPath) {
    const support::TemporaryFolder folder;
    const Manager manager((folder / "socket").native());
    const support::Variable variable("NOTIFY_SOCKET", (folder / "socket").c_str());
    EXPECT_TRUE(notify_service_manager("READY=1\nSTATUS=well"));
    EXPECT_EQ(manager.received(), "READY=1\nSTATUS=well");
}

TEST(Notify, ReachesAnAbstractSocket) {
    const support::TemporaryFolder folder;  // for a name of its own
    const std::string name = "@" + folder.path().filename().native();
    const Manager manager(name);
    const support::Variable variable("NOTIFY_SOCKET", name.c_str());
    EXPECT_TRUE(notify_service_manager("STOPPING=1"));
    EXPECT_EQ(manager.received(), "STOPPING=1");
}

TEST(Notify, NobodyToTellIsNoFault) {
    for (const char* name : {static_cast<const char*>(nullptr), "", "/", "relative", "/nowhere/at/all"}) {
        const support::Variable variable("NOTIFY_SOCKET", name);
        EXPECT_FALSE(notify_service_manager("READY=1"));
    }
    const support::Variable variable("NOTIFY_SOCKET", std::string(200, '/').c_str());
    EXPECT_FALSE(notify_service_manager("READY=1"));
}

TEST(FolderWatch, TellsWhichFoldersChanged) {
    const support::TemporaryFolder folder;
    fs::create_directories(folder / "a");
    fs::create_directories(folder / "b");
    FolderWatch watch;
    watch.add(folder / "a");
    watch.add(folder / "b");
    watch.add(folder / "a");
    EXPECT_THAT(watch.wait(0), testing::IsEmpty());
    folder.write("b/x", "1");
    EXPECT_THAT(watch.wait(5000), testing::ElementsAre(folder / "b"));
    write_durably(folder / "a/x", base::as_bytes("1"), 0600);
    EXPECT_THAT(watch.wait(5000), testing::ElementsAre(folder / "a"));
    fs::remove(folder / "a/x");
    EXPECT_THAT(watch.wait(5000), testing::ElementsAre(folder / "a"));
    folder.write("a/.hidden", "1");
    EXPECT_THAT(watch.wait(50), testing::IsEmpty());
}

TEST(Process, ThisMachineHasAName) {
    EXPECT_FALSE(host_name().empty());
}

}  // namespace
}  // namespace bt2c::platform
