#include "support/fake_s3.hpp"

#include <chrono>
#include <stdexcept>
#include <thread>

#include "platform/http.hpp"
#include "platform/process.hpp"

namespace bt2c::support {

using namespace std::chrono_literals;

FakeS3::FakeS3(bool tls) : tls_(tls) {
    const fs::path port_file = folder_ / "port", log = folder_ / "log";
    std::vector<std::string> command{"/usr/bin/python3", BT2C_SOURCE_DIR "/tests/support/fake_s3.py",
                                     port_file.native()};
    if (tls) {
        make_certificates();
        command.push_back(folder_ / "server.crt");
        command.push_back(folder_ / "server.key");
    }
    server_ = std::make_unique<ServerProcess>(std::move(command), log);
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!fs::exists(port_file)) {
        if (!server_->runs() || std::chrono::steady_clock::now() > deadline)
            throw std::runtime_error("the fake S3 does not start: " + file_text(log));
        std::this_thread::sleep_for(10ms);
    }
    port_ = std::stoi(file_text(port_file));
}

std::string FakeS3::url() const {
    return (tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port_);
}

base::Json FakeS3::control(const std::string& order) const {
    platform::HttpClient client(
        {.ca_file = tls_ ? ca() : fs::path(), .certificate_file = {}, .key_file = {}});
    return base::Json::parse(client
                                 .send({.method = "POST",
                                        .url = url() + "/_control",
                                        .body = order,
                                        .response_max = std::size_t{64} << 20})
                                 .body);
}

int FakeS3::count(const std::string& start) const {
    int found = 0;
    const base::Json seen = control();
    for (const base::Json& line : seen.array_at("log"))
        if (line.string().starts_with(start)) ++found;
    return found;
}

void FakeS3::make_certificates() const {
    const auto openssl = [&](const std::string& arguments) {
        const std::string command =
            "cd '" + folder_.path().native() + "' && openssl " + arguments + " 2>/dev/null";
        if (platform::run_and_capture({"sh", "-c", command}, 1 << 20, 20'000).status != 0)
            throw std::runtime_error("openssl " + arguments + " failed");
    };
    const std::string key = " -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 ";
    folder_.write("server.ext", "subjectAltName=IP:127.0.0.1\n");
    for (const std::string name : {"ca", "other"})
        openssl("req -x509" + key + "-subj /CN=" + name + " -keyout " + name + ".key -out " + name + ".crt");
    openssl("req" + key + "-subj /O=server -keyout server.key -out server.csr");
    openssl(
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out server.crt -extfile "
        "server.ext");
}

}  // namespace bt2c::support
