#pragma once
// The checks of the repository that 'doctor' makes, in the order in which one needs another.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/health_checks.hpp"
#include "cli/locations.hpp"
#include "config/job_record.hpp"
#include "crypto/secret.hpp"
#include "repository/repository.hpp"

namespace bt2c::cli {

class RepositoryChecks {
 public:
    /// All must outlive it; see check_repository().
    RepositoryChecks(Context& context, const std::optional<crypto::SecretBytes>& typed,
                     std::chrono::milliseconds silence, const HealthChecks& before)
        : context_(context), typed_(typed), silence_(silence), before_(before) {}

    HealthChecks look();

 private:
    using Status = HealthCheck::Status;

    /// What is known of the backups. Nothing where they cannot be read.
    struct Backups {
        std::vector<repository::Manifest> all;
        std::vector<base::UnixMs> times, full_times;  ///< the newest backup first

        void add(const repository::Manifest& manifest);
    };

    void add(std::string name, std::string subject, Status status, std::string detail, std::string mend = {});
    /// Runs `look` again, without its findings, where a location was left out meanwhile.
    void group(const std::string& name, const std::function<void()>& look);
    bool find(storage::Location& whole, repository::ObjectId& id);
    /// With what is at hand; nobody is asked. Nothing: there is nothing that could open it.
    std::optional<repository::Repository> open_unasked(const std::shared_ptr<storage::Location>& whole);
    void open(const std::shared_ptr<storage::Location>& whole, const repository::ObjectId& id);
    /// By what runs them, whatever opens the repository here.
    void look_at_key_of_jobs();
    void read(const repository::Repository& repository);
    void look_at_phrase(storage::Location& whole, const repository::ObjectId& id);
    void look_at_keys();

    // Of places and ages.
    /// Why it cannot be read the checks of jobs tell.
    void load_test();
    /// What the repository keeps of a test does not say why it failed; the job's record does.
    std::string mend_test(const std::string& otherwise) const;
    void look_at_places();
    /// Who made the newest backup: of another node's, this one stores none after it.
    void look_at_maker();
    /// When the job ended well last. Why its record cannot be read the checks of jobs tell.
    std::optional<base::UnixMs> last_ok_of(const char* job) const;
    /// By the records of jobs, on a write-only node that has no state of its backups.
    void ages_of_jobs();
    void look_at_ages(storage::Location& whole, const repository::ObjectId& id);

    Context& context_;
    const std::optional<crypto::SecretBytes>& typed_;
    std::chrono::milliseconds silence_;
    const HealthChecks& before_;
    std::string takeover_;  ///< what a backup has to be given here, with a blank before it; usually nothing
    bool write_only_ = false, test_failed_ = false, test_unread_ = false;
    bool is_part_unread_ = false;  ///< what could not be read of the backups may be newer than what was
    std::optional<config::JobRecord> test_;
    std::optional<Backups> backups_;
    std::optional<repository::Repository> reader_;
    std::vector<base::UnixMs> proved_;
    HealthChecks checks_;
};

}  // namespace bt2c::cli
