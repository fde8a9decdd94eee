// [B7] Backups, prunes, pins, proofs and clocks that jump, in any order, each killed or held up at any call
// while others run: whatever is listed can be restored, and in the end nothing is left that nobody needs.
// BT2C_TEST_STEPS and BT2C_TEST_SEED choose another run.

#include <algorithm>
#include <set>
#include <thread>

#include "property/backup/prune_world.hpp"
#include "repository/pins.hpp"
#include "repository/prune.hpp"

namespace bt2c::backup {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)

/// One location, and processes that run inside of each other's calls.
class World {
 public:
    explicit World(std::uint64_t seed) : random_(seed) {}

    void step(std::size_t depth = 0) {
        const int what = random_.upto(100);
        ++steps;
        if (what < 12)
            nodes_[depth].change(random_);
        else if (what < 40)
            run(depth, [&](const Repository& own, const auto&) {
                nodes_[depth].back_up(own, BackupType::incremental);
            });
        else if (what < 52)
            run(depth,
                [&](const Repository& own, const auto&) { nodes_[depth].back_up(own, BackupType::full); });
        else if (what < 57)
            run(depth,
                [&](const Repository& own, const auto&) { nodes_[depth].back_up(own, BackupType::safety); });
        else if (what < 76)
            run(depth, [&](const Repository& own, const auto& view) { prune(own, view); });
        else if (what < 80)
            run(depth, [&](const Repository& own, const auto&) { pin(own); });
        else if (what < 83)
            run(depth, [&](const Repository& own, const auto&) { prove(own); });
        else if (what < 97)
            clock_.move(random_.upto(static_cast<int>(20 * hour_ms)));
        else
            jump();
        if (depth == 0 && random_.one_in(10)) require_sound();
    }

    void require_sound() {
        require_restorable(team_, images_);
        for (const std::string& backup : pinned_) {
            ASSERT_TRUE(memory_->size_of("manifests/" + backup)) << "it was pinned";
        }
    }

    /// Left alone, prunes remove all that nobody needs, and no more.
    void settle() {
        // The newest one may lie in the future, where a clock was put back; then prunes wait for the next.
        nodes_[0].back_up(team_, BackupType::full);
        for (int day = 0; day < 7; ++day) {
            clock_.move(25 * hour_ms);
            prune(team_, memory_);
        }
        // A backup that was pinned or proved just before it got its mark is freed; what it is made against
        // may stay retired, and stays.
        std::set<std::string> listed, manifests, needed;
        const repository::BackupList list = team_.list();
        for (const Manifest& manifest : list.backups) listed.insert(manifest.id.hex());
        const auto need = [&](const Manifest& manifest) {
            manifests.insert(object_name(repository::ObjectType::manifest, manifest.id));
            for (const repository::PackInfo& pack : manifest.packs)
                needed.insert(object_name(repository::ObjectType::pack, pack.id));
        };
        for (const Manifest& manifest : list.backups) {
            need(manifest);
            if (manifest.parent) need(team_.manifest(*manifest.parent));
        }
        EXPECT_EQ(names("packs"), needed);
        EXPECT_EQ(names("manifests"), manifests);
        EXPECT_TRUE(memory_->list("intents").empty());
        for (const std::string& backup : pinned_) EXPECT_TRUE(listed.contains(backup));
        if (proved_) {
            const auto proofs = team_.proofs();
            EXPECT_TRUE(
                std::ranges::any_of(listed, [&](const std::string& id) { return proofs.contains(id); }));
        }
    }

    int steps = 0, kills = 0, pauses = 0, retired = 0, removed = 0;

 private:
    std::set<std::string> names(const std::string& folder) const {
        std::set<std::string> all;
        for (const storage::ObjectInfo& object : memory_->list(folder)) all.insert(object.name);
        return all;
    }

    /// An action as a process of its own.
    template <typename Action>
    void run(std::size_t depth, Action action) {
        const auto view = std::make_shared<ProcessView>(memory_);
        if (random_.one_in(4)) view->dies_at = random_.upto(60);
        view->dies_behind = random_.one_in(2);
        if (depth + 1 < depth_max && random_.one_in(3)) {
            // Anywhere, or where it matters.
            static const char* const places[] = {"put manifests/", "put manifests/", "remove manifests/",
                                                 "remove packs/",  "put retired/",   "put pins/"};
            if (random_.one_in(2))
                view->pauses_at = random_.upto(60);
            else
                view->pauses_on = places[random_.upto(6)];
            // In a thread of its own: what a thread keeps is the process's.
            view->pause = [this, depth](const std::string& call) {
                std::thread([&] { others(depth + 1, call); }).join();
            };
        }
        try {
            action(team_.at(view), view);
        } catch (const base::Error& error) {
            kills += view->dead() ? 1 : 0;
            // What else may be said of a healthy repository.
            if (!view->dead()) {
                const std::string text = error.message() + ": " + error.cause();
                const bool known = text.find("no full backup yet") != std::string::npos ||
                                   text.find("clock does not fit") != std::string::npos ||
                                   text.find("a prune has retired it") != std::string::npos ||
                                   text.find("took too long") != std::string::npos ||
                                   text.find("meanwhile") != std::string::npos ||
                                   text.find("is missing") != std::string::npos;
                EXPECT_TRUE(known) << text;
            }
        }
    }

    /// What happens while a process is held up at a call.
    void others(std::size_t depth, const std::string& call) {
        ++pauses;
        // Between a backup's last look around and its manifest there is no more than a day.
        const bool last_step = call.starts_with("put manifests/");
        const int count = 1 + random_.upto(8);
        clock_.hold_up(last_step ? 20 * hour_ms : 10 * day_ms, [&] {
            for (int i = 0; i < count; ++i) {
                step(depth);
                if (!last_step && random_.one_in(2)) clock_.move(random_.upto(static_cast<int>(day_ms)));
            }
        });
    }

    void jump() {
        const UnixMs far[] = {-3 * hour_ms, -30 * minute_ms, 30 * hour_ms, 5 * day_ms, 40 * day_ms};
        clock_.move(far[random_.upto(5)]);
    }

    void prune(const Repository& own, const std::shared_ptr<storage::Location>& location) {
        base::SilentProgress silent;
        repository::PruneRequest request;
        request.rules = {
            .recent_days = 2, .daily_days = 6, .weekly_weeks = 3, .monthly_months = 2, .safety_days = 4};
        const auto report = repository::prune(own, {{"memory", location, 1}}, request, silent);
        retired += static_cast<int>(report.plan.leaving);
        for (const auto& place : report.places) removed += static_cast<int>(place.removed_objects);
    }

    std::optional<Manifest> any(const Repository& own) {
        repository::BackupList list = own.list();
        if (list.backups.empty()) return std::nullopt;
        return std::move(
            list.backups[static_cast<std::size_t>(random_.upto(static_cast<int>(list.backups.size())))]);
    }
    void pin(const Repository& own) {
        // Few at a time, else nothing would ever go.
        for (const auto& [backup, pin] : repository::read_pins(own))
            if (pin.pinned && random_.one_in(2)) {
                // Killed, it may have done it; held up, it undoes what another one pinned meanwhile.
                const auto forget = [&](void*) {
                    pinned_.erase(backup);
                    ++unpinned_;
                };
                const std::unique_ptr<void, decltype(forget)> afterwards(this, forget);
                forget(nullptr);
                repository::set_pin(own, ObjectId::parse(backup), false, "");
            }
        const auto manifest = any(own);
        if (!manifest) return;
        const int before = unpinned_;
        repository::set_pin(own, manifest->id, true, "a test");
        // Who was held up behind it may have been overtaken by one who took the pin away again.
        if (unpinned_ == before) pinned_.insert(manifest->id.hex());
    }
    void prove(const Repository& own) {
        const auto manifest = any(own);
        if (!manifest) return;
        own.record_proof(manifest->id, "a test");
        if (!team_.is_retired(manifest->id)) proved_ = true;
    }

    static constexpr std::size_t depth_max = 3;
    Random random_;
    Clock clock_;
    std::map<std::string, std::string> images_;
    std::shared_ptr<MemoryLocation> memory_ = std::make_shared<MemoryLocation>();
    Repository team_ = make_repository(memory_);
    std::array<Node, depth_max> nodes_{Node(images_), Node(images_), Node(images_)};
    std::set<std::string> pinned_;  ///< of which somebody was told so
    int unpinned_ = 0;
    bool proved_ = false;
};

TEST(PruneProperty, WhateverIsListedCanBeRestored) {
    const std::uint64_t first = test_number("BT2C_TEST_SEED", 1),
                        asked = test_number("BT2C_TEST_STEPS", 3000),
                        worlds = std::max<std::uint64_t>(1, asked / 600);
    const auto steps = static_cast<int>(asked);
    int kills = 0, pauses = 0, retired = 0, removed = 0;
    for (std::uint64_t seed = first; seed < first + worlds && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("BT2C_TEST_SEED=" + std::to_string(seed));
        World world(seed);
        while (world.steps < steps / static_cast<int>(worlds) && !testing::Test::HasFailure()) world.step();
        world.require_sound();
        world.settle();
        world.require_sound();
        kills += world.kills;
        pauses += world.pauses;
        retired += world.retired;
        removed += world.removed;
    }
    std::cout << kills << " kills, " << pauses << " pauses, " << retired << " retired, " << removed
              << " objects removed\n";
    // A run in which nothing happened shows nothing.
    EXPECT_GT(kills, steps / 50);
    EXPECT_GT(pauses, steps / 50);
    EXPECT_GT(retired, steps / 50);
    EXPECT_GT(removed, steps / 50);
}

}  // namespace
}  // namespace bt2c::backup
