// What the service manager is told.

#include "platform/notify.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstring>

#include "platform/file.hpp"
#include "support/environment.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::platform {
namespace {

TEST(Notify, SaysItToTheSocket) {
    const support::TemporaryFolder folder;
    const std::string name = (folder / "socket").native();
    const Descriptor socket(::socket(AF_UNIX, SOCK_DGRAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    ASSERT_LT(name.size(), sizeof address.sun_path);
    std::memcpy(address.sun_path, name.data(), name.size());
    ASSERT_EQ(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    const support::Variable variable("NOTIFY_SOCKET", name.c_str());
    EXPECT_TRUE(notify_service_manager("READY=1"));
    std::array<char, 100> buffer{};
    ASSERT_EQ(::recv(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT), 7);
    EXPECT_STREQ(buffer.data(), "READY=1");
}

TEST(Notify, NobodyListens) {
    const support::TemporaryFolder folder;
    for (const std::string& name :
         {std::string(), std::string("relative"), (folder / "none").native(), "/" + std::string(300, 'a')}) {
        const support::Variable variable("NOTIFY_SOCKET", name.c_str());
        EXPECT_FALSE(notify_service_manager("READY=1")) << name;
    }
    const support::Variable variable("NOTIFY_SOCKET", nullptr);
    EXPECT_FALSE(notify_service_manager("READY=1"));
}

}  // namespace
}  // namespace bt2c::platform
