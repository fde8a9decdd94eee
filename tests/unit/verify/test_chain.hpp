#pragma once
// Databases for the tests of verify: sample chains in scratch space, edited by SQL, then verified.

#include <filesystem>
#include <string>

#include "chaindb/sqlite/connection.hpp"
#include "sample/create_chain.hpp"
#include "support/temporary_folder.hpp"
#include "verify/verify.hpp"

namespace bt2c::verify {

using chaindb::sqlite::Connection;

inline Source source_of(const std::filesystem::path& path) {
    return {[path] { return Connection::open(path, Connection::Mode::immutable); }};
}

/// Small chains would be one thread's work otherwise.
inline Options in_small_ranges() {
    Options options;
    options.rowids_per_range = 25;
    return options;
}

inline Report verify_file(const std::filesystem::path& path, const Options& options = in_small_ranges()) {
    base::SilentProgress progress;
    return verify_chain(source_of(path), options, progress);
}

/// "name=count" of every check that failed, in their order.
inline std::string failures(const Report& report) {
    std::string text;
    for (const CheckResult& result : report.checks) {
        if (result.status != CheckStatus::fail) continue;
        if (!text.empty()) text += " ";
        text += std::string(check_name(result.check)) + "=" + std::to_string(result.count);
    }
    return text;
}

/// A sample chain that a test may change.
class TestChain {
 public:
    explicit TestChain(const sample::ChainOptions& options = {}) : path_(folder_.path() / "chain.db") {
        sample::create_chain(path_, options);
    }
    const std::filesystem::path& path() const { return path_; }
    TestChain& sql(const std::string& text) {
        Connection::open(path_, Connection::Mode::read_write).execute(text);
        return *this;
    }
    std::string text(const std::string& query) {
        return Connection::open(path_, Connection::Mode::read_write).query_text(query).value_or("");
    }
    /// Makes the table anew without keys and other constraints.
    TestChain& strip(const std::string& table) {
        return sql("CREATE TABLE stripped AS SELECT * FROM " + table + "; DROP TABLE " + table +
                   "; ALTER TABLE stripped RENAME TO " + table);
    }
    Report verify(const Options& options = in_small_ranges()) const { return verify_file(path_, options); }

 private:
    support::TemporaryFolder folder_;
    std::filesystem::path path_;
};

}  // namespace bt2c::verify
