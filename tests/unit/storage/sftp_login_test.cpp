// Who may be spoken to, and as whom.

#include "platform/process.hpp"
#include "support/environment.hpp"
#include "unit/storage/sftp_support.hpp"

namespace bt2c::storage::sftp {
namespace {

namespace fs = std::filesystem;
using base::as_bytes;
using base::Error;
using support::file_text;
using support::SshAgent;
using support::SshdServer;
using support::Variable;

class Login : public WithServer {
 protected:
    Login() { fs::create_directories(server / "me/.ssh"); }

    SshdServer server;
    Options options = options_for(server);
    // Nothing of the user who runs the tests.
    Variable no_agent{"SSH_AUTH_SOCK", nullptr};
    std::string me = (server / "me").native();
    Variable home{"HOME", me.c_str()};

    bool works() { return SftpLocation(options).list("").empty(); }
    Error refusal() {
        return error_of([&] { SftpLocation(options).list(""); });
    }
    void know(const std::string& lines) { std::ofstream(server.known_hosts(), std::ios::trunc) << lines; }
    std::string host() const { return "[127.0.0.1]:" + std::to_string(server.port()); }
    std::string public_key(const std::string& name) const { return file_text(server / (name + ".pub")); }
    std::string fingerprint(const std::string& name) const {
        const auto shown = platform::run_and_capture(
            {"ssh-keygen", "-lf", (server / (name + ".pub")).native()}, 4096, 10'000);
        std::istringstream words{std::string(base::as_text(shown.output))};
        std::string bits, print;
        words >> bits >> print;
        return print;
    }
};

testing::AssertionResult says(const Error& error, const std::string& text) {
    if (text_of(error).find(text) != std::string::npos) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "no '" << text << "' in:\n" << text_of(error);
}

TEST_F(Login, AnUnknownHostIsRefusedWithItsFingerprint) {
    for (const bool there_is_a_file : {true, false}) {
        know("# a comment\nother.example.org " + public_key("host_key"));
        if (!there_is_a_file) fs::remove(server.known_hosts());
        const std::string before = file_text(server.known_hosts());
        const Error error = refusal();
        EXPECT_TRUE(says(error, "not known"));
        EXPECT_TRUE(says(error, fingerprint("host_key")));
        EXPECT_TRUE(says(error, "compare"));
        EXPECT_TRUE(says(error, "ssh-keyscan -p " + std::to_string(server.port()) + " 127.0.0.1 >> " +
                                    server.known_hosts().native()));
        EXPECT_EQ(file_text(server.known_hosts()), before);
        EXPECT_EQ(fs::exists(server.known_hosts()), there_is_a_file);
    }
}

TEST_F(Login, AChangedHostKeyIsRefusedWithFileAndLine) {
    server.make_key("impostor");
    know("# a comment\n\n" + host() + " " + public_key("impostor"));
    const std::string before = file_text(server.known_hosts());
    const Error error = refusal();
    EXPECT_TRUE(says(error, "HAS CHANGED"));
    EXPECT_TRUE(says(error, "line 3 of " + server.known_hosts().native()));
    EXPECT_TRUE(says(error, fingerprint("host_key")));
    EXPECT_TRUE(says(error, fingerprint("impostor")));
    EXPECT_TRUE(says(error, "ssh-keygen -R"));
    EXPECT_EQ(file_text(server.known_hosts()), before);
    EXPECT_EQ(server.log().find("Accepted"), std::string::npos);
}

TEST_F(Login, AKeyOfAnotherKindIsNoProof) {
    server.make_key("impostor", "ecdsa");
    know(host() + " " + public_key("impostor"));
    const Error error = refusal();
    EXPECT_TRUE(says(error, "a key of another kind than the one that is known here"));
    EXPECT_TRUE(says(error, fingerprint("impostor")));
    EXPECT_FALSE(says(error, "HAS CHANGED"));
}

/// The library's own reading of the file stops at lines that OpenSSH passes over.
TEST_F(Login, TheServerIsAskedForTheKindOfKeyThatIsKnown) {
    for (const std::string kind : {"rsa", "ecdsa"}) {
        const fs::path key = server.make_key(kind + "_host_key", kind);
        server.give(key);
        std::ofstream(server / "config", std::ios::app) << "HostKey " << key.native() << "\n";
    }
    server.kill();
    server.start();
    for (const std::string kind : {"rsa", "ecdsa"}) {
        std::string known = public_key(kind + "_host_key");
        for (const std::string& before : {std::string(), host() + " ssh-ed25519 AAAAgarbage==\n",
                                          host() + " ssh-dss AAAA\n", host() + " 1024 35 1234567\n"}) {
            know(before + host() + "\t" + known);
            EXPECT_TRUE(works()) << kind << before;
        }
        known.pop_back();
        know(host() + " " + known + std::string(9000, 'c') + "\n");
        EXPECT_TRUE(works()) << kind;
    }
}

TEST_F(Login, OneOfSeveralKeysIsEnoughUnlessItIsRevoked) {
    server.make_key("impostor");
    know(host() + " " + public_key("impostor") + host() + "\t" + public_key("host_key"));
    EXPECT_TRUE(works());
    know(host() + " " + public_key("host_key") + "@revoked * " + public_key("host_key"));
    EXPECT_TRUE(says(refusal(), "line 2 of " + server.known_hosts().native() + " revokes"));
    know("@cert-authority * " + public_key("host_key"));
    EXPECT_TRUE(says(refusal(), "not known"));
}

TEST_F(Login, HashedNamesPatternsAndJunkAreRead) {
    know(host() + " " + public_key("host_key"));
    platform::run_and_capture({"ssh-keygen", "-q", "-H", "-f", server.known_hosts().native()}, 4096, 10'000);
    ASSERT_TRUE(file_text(server.known_hosts()).starts_with("|1|"));
    EXPECT_TRUE(works());
    know("junk\n" + host() + "\n" + host() + " ssh-nonsense AAAA\n" + host() + " ssh-ed25519 !!!!\n" +
         std::string(100'000, 'x') + "\n[127.0.0.*]:* " + public_key("host_key"));
    EXPECT_TRUE(works());
}

TEST_F(Login, TheUsersOwnFileIsTheDefault) {
    options.known_hosts_file = "";
    EXPECT_TRUE(says(refusal(), me + "/.ssh/known_hosts"));
    std::ofstream(server / "me/.ssh/known_hosts") << host() << " " << public_key("host_key");
    EXPECT_TRUE(works());
    const Variable homeless("HOME", nullptr);
    EXPECT_EQ(error_of([&] { SftpLocation{options}; }).kind(), base::ErrorKind::usage);
}

TEST_F(Login, AFileOfKnownHostsThatCannotBeLookedAtIsNoMissingOne) {
    fs::create_symlink("loop", server / "loop");
    options.known_hosts_file = server / "loop/known_hosts";
    const Error error = refusal();
    EXPECT_TRUE(says(error, "symbolic links"));
    EXPECT_FALSE(says(error, "ssh-keyscan"));
}

TEST_F(Login, AKeyThatTheServerDoesNotTakeIsNamed) {
    options.key_file = server.make_key("stranger");
    options.retries = 5;  // nothing is tried again
    const Error error = refusal();
    EXPECT_TRUE(says(error, "takes no key of ours"));
    EXPECT_TRUE(says(error, (server / "stranger").native()));
    EXPECT_TRUE(says(error, fingerprint("stranger")));
    EXPECT_TRUE(says(error, "authorized_keys"));
    options.key_file = server.key();
    options.user = "no-such-user";
    EXPECT_TRUE(says(refusal(), "no-such-user"));
}

TEST_F(Login, KeysOfAllKindsWork) {
    for (const std::string kind : {"rsa", "ecdsa"}) {
        options.key_file = server.make_key("key_" + kind, kind);
        server.authorize(options.key_file);
        EXPECT_TRUE(works()) << kind;
    }
}

TEST_F(Login, KeyFilesThatCannotBeUsedSayWhy) {
    options.key_file = server / "nowhere";
    EXPECT_TRUE(says(refusal(), "no such file"));
    options.key_file = server / "home";
    EXPECT_TRUE(says(refusal(), "no plain file"));
    // As where a folder above it is closed to this user: it may well be there.
    fs::create_symlink("loop", server / "loop");
    options.key_file = server / "loop/key";
    EXPECT_TRUE(says(refusal(), "symbolic links"));
    options.key_file = server / "user_key.pub";
    fs::permissions(options.key_file, fs::perms(0600));
    EXPECT_TRUE(says(refusal(), "no private key"));
    options.key_file = server.key();
    fs::permissions(options.key_file, fs::perms(0640));
    EXPECT_TRUE(says(refusal(), "chmod 600"));
}

TEST_F(Login, AKeyWithAPassphraseNeedsTheAgentAndNeverAsks) {
    options.key_file = server.make_key("locked", "ed25519", "secret");
    server.authorize(options.key_file);
    Error error = refusal();
    EXPECT_TRUE(says(error, "has a passphrase"));
    EXPECT_TRUE(says(error, "ssh-add " + options.key_file.native()));

    const SshAgent agent(me);
    const Variable socket("SSH_AUTH_SOCK", agent.socket().c_str());
    error = refusal();
    EXPECT_TRUE(says(error, "the agent was asked"));
    agent.add(options.key_file, "secret");
    EXPECT_TRUE(works());

    platform::run_and_capture({"ssh-keygen", "-q", "-t", "rsa", "-m", "PEM", "-N", "secret", "-f",
                               (server / "locked_pem").native()},
                              4096, 20'000);
    ASSERT_NE(file_text(server / "locked_pem").find("ENCRYPTED"), std::string::npos);
    options.key_file = server / "locked_pem";
    const Variable none("SSH_AUTH_SOCK", nullptr);
    EXPECT_TRUE(says(refusal(), "has a passphrase"));
}

TEST_F(Login, WithoutAKeyFileTheAgentAndTheDefaultKeysAreTried) {
    options.key_file = "";
    EXPECT_TRUE(says(refusal(), "no key to try"));

    const SshAgent agent(me);
    const Variable socket("SSH_AUTH_SOCK", agent.socket().c_str());
    EXPECT_TRUE(says(refusal(), agent.socket().native()));
    agent.add(server.make_key("stranger"));
    EXPECT_TRUE(says(refusal(), agent.socket().native()));

    fs::copy_file(server / "stranger", server / "me/.ssh/id_ed25519");
    const Error error = refusal();
    EXPECT_TRUE(says(error, "me/.ssh/id_ed25519"));
    fs::remove(server / "me/.ssh/id_ed25519");
    fs::copy_file(server.key(), server / "me/.ssh/id_ed25519");
    EXPECT_TRUE(works());

    fs::remove(server / "me/.ssh/id_ed25519");
    agent.add(server.key());
    EXPECT_TRUE(works());
}

TEST_F(Login, TooManyKeysAreNoFaultOfTheNetwork) {
    const SshAgent agent(me);
    const Variable socket("SSH_AUTH_SOCK", agent.socket().c_str());
    for (int i = 0; i < 8; ++i) agent.add(server.make_key("stranger" + std::to_string(i)));
    options.key_file = "";
    options.retries = 5;
    const Error error = refusal();
    EXPECT_TRUE(says(error, "takes no key of ours"));
    EXPECT_TRUE(says(error, "Too many authentication failures"));
}

TEST_F(Login, AServerThatWantsMoreThanAKeyOrNoKeySaysSo) {
    const SshdServer two({.config = "AuthenticationMethods publickey,publickey\n"});
    Error error = error_of([&] { SftpLocation(options_for(two)).list(""); });
    EXPECT_TRUE(says(error, "takes the key, and wants more than that"));
    EXPECT_TRUE(says(error, "it still asks for: publickey"));
    EXPECT_FALSE(says(error, "authorized_keys"));
    const SshdServer none({.config = "PubkeyAuthentication no\nHostbasedAuthentication yes\n"});
    error = error_of([&] { SftpLocation(options_for(none)).list(""); });
    EXPECT_TRUE(says(error, "takes no keys at all"));
    EXPECT_TRUE(says(error, "it takes: hostbased"));
}

TEST_F(Login, WithoutACommonAlgorithmNothingIsTriedAgain) {
    const SshdServer old({.config = "Ciphers aes128-cbc\n"});
    options = options_for(old);
    options.retries = 5;
    const Error error = refusal();
    EXPECT_TRUE(says(error, "aes128-cbc"));
    EXPECT_TRUE(says(error, "no such algorithm in common"));
    EXPECT_FALSE(says(error, "MaxStartups"));
    EXPECT_FALSE(says(error, "tried"));
}

TEST_F(Login, AnAgentThatHangsHoldsUpNobodyForLong) {
    const SshAgent agent(me);
    agent.add(server.key());
    const Variable socket("SSH_AUTH_SOCK", agent.socket().c_str());
    options.key_file = "";
    options.timeout_ms = 1500;
    agent.freeze();
    EXPECT_TRUE(says(refusal(), "does the agent answer"));
    agent.thaw();
    EXPECT_TRUE(works());
}

}  // namespace
}  // namespace bt2c::storage::sftp
