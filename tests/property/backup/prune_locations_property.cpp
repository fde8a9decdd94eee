// [B7] [B4] Backups, prunes and syncs over three locations of which some are away, each process killed at any
// call: whatever a location lists can be restored from it alone.

#include <algorithm>
#include <array>
#include <set>

#include "property/backup/prune_world.hpp"
#include "repository/prune.hpp"
#include "repository/sync.hpp"
#include "storage/fan_out/fan_out.hpp"

namespace bt2c::backup {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace)
using repository::backup_ids;
using storage::fan_out::FanOut;

constexpr std::size_t place_count = 3;

class World {
 public:
    explicit World(std::uint64_t seed) : random_(seed) {
        base::SilentProgress silent;
        for (std::size_t i = 1; i < place_count; ++i) {
            memories_[i] = std::make_shared<MemoryLocation>();
            repository::sync_basics(team_, *memories_[i], {memories_[0].get(), 1});
        }
    }

    void step() {
        ++steps;
        const int what = random_.upto(100);
        if (what < 12)
            node_.change(random_);
        else if (what < 45)
            run([&](const auto& views) { back_up(views, BackupType::incremental); });
        else if (what < 57)
            run([&](const auto& views) { back_up(views, BackupType::full); });
        else if (what < 75)
            run([&](const auto& views) { prune(views); });
        else if (what < 85)
            run([&](const auto& views) { sync(views); });
        else
            clock_.move(random_.upto(static_cast<int>(day_ms)));
        if (random_.one_in(10)) require_sound();
    }

    void require_sound() {
        for (const auto& memory : memories_) require_restorable(team_.at(memory), images_);
    }

    void settle() {
        Views views = all();
        sync(views);
        for (int day = 0; day < 6; ++day) {
            clock_.move(25 * hour_ms);
            prune(views);
        }
        std::set<std::string> packs[place_count], needed;
        for (const Manifest& manifest : team_.at(memories_[0]).list().backups) {
            for (const auto& pack : manifest.packs)
                needed.insert(object_name(repository::ObjectType::pack, pack.id));
        }
        for (const auto& memory : memories_) {
            EXPECT_EQ(team_.at(memory).list().backups.size(), team_.at(memories_[0]).list().backups.size());
            for (const auto& object : memory->list("packs")) {
                EXPECT_TRUE(needed.contains(object.name)) << object.name;
            }
            EXPECT_TRUE(memory->list("intents").empty());
        }
    }

    int steps = 0, kills = 0, backups = 0, removed = 0;

 private:
    using Views = std::array<std::shared_ptr<ProcessView>, place_count>;  ///< null: it is away

    Views all() const {
        Views views;
        for (std::size_t i = 0; i < place_count; ++i) views[i] = std::make_shared<ProcessView>(memories_[i]);
        return views;
    }

    template <typename Action>
    void run(Action action) {
        Views views = all();
        const bool dies = random_.one_in(4);
        for (auto& view : views) {
            // One that goes away in the middle looks the same from here as a process that is killed there.
            if (dies || random_.one_in(12)) view->dies_at = random_.upto(dies ? 60 : 20);
            view->dies_behind = random_.one_in(2);
            if (random_.one_in(8)) view = nullptr;
        }
        try {
            action(views);
        } catch (const base::Error&) {
        }
        kills += dies ? 1 : 0;
    }

    static std::shared_ptr<FanOut> whole(const Views& views) {
        std::vector<storage::fan_out::Place> places;
        for (const auto& view : views)
            if (view) places.push_back({"x", view, false, 1});
        if (places.empty()) throw base::Error(base::ErrorKind::failed, "all are away");
        return std::make_shared<FanOut>(places);
    }

    /// By the rules of cli::Locations: who lacks earlier backups gets no manifest.
    void back_up(const Views& views, BackupType type) {
        const auto fan = whole(views);
        const Repository own = team_.at(fan);
        const std::set<std::string> retired = repository::retired_backups(*fan);
        std::set<std::string> every = backup_ids(fan->list("manifests"));
        std::erase_if(every, [&](const std::string& id) { return retired.contains(id); });
        bool possible = false;
        const auto lists = fan->list_each("manifests");
        for (std::size_t i = 0; i < lists.size(); ++i) {
            const bool complete = lists[i] && std::ranges::includes(backup_ids(*lists[i]), every);
            fan->uploads().allow_commits(i, complete);
            possible = possible || complete;
        }
        if (!possible) return sync(views);
        node_.back_up(own, type);
        fan->uploads().finish(std::chrono::seconds(30));
        ++backups;
    }

    void sync(const Views& views) {
        base::SilentProgress silent;
        for (const auto& view : views)
            if (view) repository::sync_location(team_.at(whole(views)), *view, {}, silent);
    }

    void prune(const Views& views) {
        base::SilentProgress silent;
        repository::PruneRequest request;
        request.rules = {.recent_days = 2, .daily_days = 5, .weekly_weeks = 2, .monthly_months = 1};
        std::vector<repository::PrunePlace> places;
        for (std::size_t i = 0; i < place_count; ++i) {
            if (views[i])
                places.push_back({std::to_string(i), views[i], 2});
            else
                request.away.push_back({std::to_string(i), memories_[i], 2});
        }
        const auto report = repository::prune(team_.at(whole(views)), places, request, silent);
        for (const auto& place : report.places) removed += static_cast<int>(place.removed_objects);
    }

    Random random_;
    Clock clock_;
    std::map<std::string, std::string> images_;
    std::array<std::shared_ptr<MemoryLocation>, place_count> memories_{std::make_shared<MemoryLocation>()};
    Repository team_ = make_repository(memories_[0]);
    Node node_{images_};
};

TEST(PruneLocationsProperty, EachLocationAloneRestoresWhatItLists) {
    const std::uint64_t first = test_number("BT2C_TEST_SEED", 1),
                        asked = test_number("BT2C_TEST_STEPS", 1600),
                        worlds = std::max<std::uint64_t>(1, asked / 400);
    const auto steps = static_cast<int>(asked);
    int kills = 0, backups = 0, removed = 0;
    for (std::uint64_t seed = first; seed < first + worlds && !testing::Test::HasFailure(); ++seed) {
        SCOPED_TRACE("BT2C_TEST_SEED=" + std::to_string(seed));
        World world(seed);
        while (world.steps < steps / static_cast<int>(worlds) && !testing::Test::HasFailure()) world.step();
        world.require_sound();
        world.settle();
        world.require_sound();
        kills += world.kills;
        backups += world.backups;
        removed += world.removed;
    }
    std::cout << kills << " kills, " << backups << " backups, " << removed << " objects removed\n";
    EXPECT_GT(kills, steps / 50);
    EXPECT_GT(backups, steps / 10);
    EXPECT_GT(removed, steps / 50);
}

}  // namespace
}  // namespace bt2c::backup
