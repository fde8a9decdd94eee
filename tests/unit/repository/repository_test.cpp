// Repositories: making, opening, listing, storing, and what happens when that is disturbed. [B1] [B3]
#include "repository/repository.hpp"

#include <atomic>
#include <thread>

#include "base/json.hpp"
#include "base/text.hpp"
#include "chaindb/sqlite/connection.hpp"
#include "crypto/mnemonic.hpp"
#include "platform/file.hpp"
#include "repository/image_reader.hpp"
#include "repository/index.hpp"
#include "repository/repository_format.hpp"
#include "storage/memory/memory_location.hpp"
#include "support/unruly_location.hpp"
#include "unit/repository/fixture.hpp"

namespace bt2c::repository {
namespace {

namespace fs = std::filesystem;
using base::Bytes;
using base::Error;
using base::ErrorKind;
using crypto::SecretBytes;
using storage::memory::MemoryLocation;
using test::error_of;

Secret password(std::string_view text) {
    return {SlotKind::password, SecretBytes::copy_of(base::as_bytes(text))};
}

std::vector<Repository::LabelledSecret> labelled(Secret secret) {
    std::vector<Repository::LabelledSecret> secrets;
    secrets.push_back({std::move(secret), "test"});
    return secrets;
}

class EmptyRepository : public testing::Test {
 protected:
    std::shared_ptr<MemoryLocation> location = std::make_shared<MemoryLocation>();
    Repository repository = Repository::init(location, labelled(test::key_secret()));

    /// A manifest of a safety backup of no files.
    Manifest manifest(std::uint64_t sequence, base::UnixMs time) const {
        Manifest manifest;
        manifest.id = ObjectId::random();
        manifest.type = BackupType::safety;
        manifest.sequence = sequence;
        manifest.started_at = manifest.finished_at = time;
        return manifest;
    }
};

TEST_F(EmptyRepository, SaysInTheClearOnlyWhatItIs) {
    const base::Json format = base::Json::parse(base::as_text(location->get("format").value()));
    EXPECT_EQ(format.string_at("format"), "bt2c-dr repository");
    EXPECT_EQ(format.integer_at("version"), 1);
    EXPECT_EQ(format.string_at("id"), repository.id().hex());
    EXPECT_EQ(read_format(*location).id, repository.id());
    EXPECT_GT(read_format(*location).created_at, 1'700'000'000'000);
    EXPECT_EQ(location->list("").size(), 2U);
}

TEST_F(EmptyRepository, OpensWithItsSecretAlone) {
    const Repository opened = Repository::open(location, test::key_secret());
    EXPECT_TRUE(crypto::equal(opened.keys().master().view(), repository.keys().master().view()));
    EXPECT_EQ("keys/" + opened.opened_slot().value().hex(), location->list("keys").at(0).name);
    const Error wrong = error_of([&] { Repository::open(location, test::key_secret(8)); });
    EXPECT_EQ(wrong.kind(), ErrorKind::wrong_secret);
    EXPECT_NE(wrong.state(), "");
    EXPECT_NE(wrong.hint(), "");
    // The same bytes as a secret of another kind.
    EXPECT_EQ(error_of([&] {
                  Repository::open(location, {SlotKind::recovery_phrase, SecretBytes::copy_of(Bytes(32, 7))});
              }).kind(),
              ErrorKind::wrong_secret);
}

TEST_F(EmptyRepository, OpensWithAnyOfSeveralSecrets) {
    const Bytes entropy(32, 0x33);
    const auto add = [&](const Secret& secret) {
        add_slot(*location, repository.id(), repository.keys().master(), secret, "more");
    };
    add(password("correct horse"));
    add({SlotKind::recovery_phrase, SecretBytes::copy_of(entropy)});
    EXPECT_EQ(list_slots(*location).slots.size(), 3U);
    const SecretBytes phrase = crypto::mnemonic_from_entropy(entropy);
    for (const std::string_view typed : {std::string_view("correct horse"), phrase.text()})
        EXPECT_EQ(Repository::open(location, Secret::from_text(typed)).id(), repository.id());
    Repository::open(location, test::key_secret());
    EXPECT_EQ(error_of([&] { Repository::open(location, password("correct horse ")); }).kind(),
              ErrorKind::wrong_secret);
    // Typed with other blanks and capital letters it is the same phrase.
    std::string loud(phrase.text());
    for (char& c : loud) c = static_cast<char>(std::toupper(c));
    Repository::open(location, Secret::from_text("\n" + loud + "  "));
}

TEST_F(EmptyRepository, OpensWithATokensSecret) {
    const auto secret = [](std::uint8_t fill) {
        return Secret{SlotKind::token, SecretBytes::copy_of(Bytes(32, fill))};
    };
    const TokenKey key{"a token", "17", Bytes(20, 1), Bytes(294, 2), Bytes(256, 3)};
    const auto add = [&](const TokenKey& told) {
        return add_slot(*location, repository.id(), repository.keys().master(), secret(5), "t", told);
    };
    const SlotInfo added = add(key);
    Repository::open(location, secret(5));
    EXPECT_EQ(error_of([&] { Repository::open(location, secret(6)); }).kind(), ErrorKind::wrong_secret);
    const SlotList list = list_slots(*location);
    ASSERT_EQ(list.slots.size(), 2U);
    for (const SlotInfo& slot : list.slots) EXPECT_EQ(slot.token.has_value(), slot.id == added.id);
    const TokenKey listed = list.slots[list.slots[0].id == added.id ? 0 : 1].token.value();
    EXPECT_EQ(listed.token_label, "a token");
    EXPECT_EQ(listed.token_serial, "17");
    EXPECT_EQ(listed.key_id, key.key_id);
    EXPECT_EQ(listed.public_key, key.public_key);
    EXPECT_EQ(listed.wrapped_secret, key.wrapped_secret);

    // What a token says of itself may be anything; nothing is stored that could not be read.
    TokenKey long_label = key, long_key = key, no_id = key;
    long_label.token_label = std::string(129, 'x');
    long_key.public_key.resize(641);
    no_id.key_id.clear();
    for (const TokenKey& odd : {long_label, long_key, no_id}) EXPECT_THROW(add(odd), Error);
    EXPECT_EQ(list_slots(*location).slots.size(), 2U);
    EXPECT_TRUE(list_slots(*location).damaged.empty());
}

TEST_F(EmptyRepository, SlotsOfAnotherRepositoryDoNotOpenIt) {
    MemoryLocation other;
    const SlotInfo slot = add_slot(other, ObjectId::random(), SecretBytes(32), test::key_secret(9), "other");
    ASSERT_TRUE(location->put("keys/" + slot.id.hex(), *other.get("keys/" + slot.id.hex())));
    EXPECT_EQ(error_of([&] { Repository::open(location, test::key_secret(9)); }).kind(),
              ErrorKind::wrong_secret);
}

// As a backup of a table without constraints could have been made once.
TEST_F(EmptyRepository, AHashThatIsFarTooLongIsCutWhereAManifestIsRead) {
    Manifest made = manifest(1, 1);
    made.networks.push_back({"mainnet", 9, std::string(1'000'000, 'z'), std::string(200, 'y')});
    repository.store_backup(made, {});
    const Manifest read = repository.list().backups.at(0);
    EXPECT_LE(read.networks.at(0).tip_hash.size(), 100U);
    EXPECT_EQ(read.networks.at(0).genesis_hash, crypto::bounded_text(std::string(200, 'y')))
        << "as one of that chain that is made now has it";
}

TEST_F(EmptyRepository, DamagedSlotsLockNobodyOut) {
    const std::string sound(base::as_text(location->get(location->list("keys").at(0).name).value()));
    const std::vector<std::string> damaged{
        "",
        "{}",
        "not json",
        sound.substr(0, sound.size() / 2),
        R"({"version":2,"kind":"password","label":"","created_at":""})",
        R"({"version":1,"kind":"retina","label":"","created_at":"","salt":"","wrapped":""})",
        R"({"version":1,"kind":"password","label":"","created_at":"","argon2id":{"passes":1,)"
        R"("memory_bytes":9223372036854775807,"salt":"00000000000000000000000000000000"},"salt":")" +
            std::string(64, '0') + R"(","wrapped":")" + std::string(96, '0') + "\"}",
        std::string(100'000, ' '),
    };
    for (std::size_t i = 0; i < damaged.size(); ++i)
        location->overwrite("keys/" + std::string(31, '0') + std::to_string(i),
                            {damaged[i].begin(), damaged[i].end()});
    EXPECT_EQ(Repository::open(location, test::key_secret()).id(), repository.id());
    EXPECT_EQ(list_slots(*location).damaged.size(), damaged.size());
    // A password is tried on sound slots only, and those cost no memory that cannot be had.
    EXPECT_EQ(error_of([&] { Repository::open(location, password("x")); }).kind(), ErrorKind::wrong_secret);
}

TEST_F(EmptyRepository, EachBitOfASlotCounts) {
    const std::string name = location->list("keys").at(0).name;
    const Bytes sound = location->get(name).value();
    for (std::size_t i = 0; i < sound.size(); i += 3) {
        Bytes changed = sound;
        changed[i] ^= 0x02;
        location->overwrite(name, changed);
        try {
            const Repository opened = Repository::open(location, test::key_secret());
            EXPECT_TRUE(crypto::equal(opened.keys().master().view(), repository.keys().master().view())) << i;
        } catch (const Error& error) {
            EXPECT_NE(error.cause(), "") << i;
            EXPECT_NE(error.hint(), "") << i;
        }
    }
}

TEST_F(EmptyRepository, WithoutSlotsSaysWhatToBringBack) {
    location->remove(location->list("keys").at(0).name);
    const Error error = error_of([&] { Repository::open(location, test::key_secret()); });
    EXPECT_EQ(error.kind(), ErrorKind::failed);
    EXPECT_NE(error.hint().find("'keys'"), std::string::npos);
}

TEST_F(EmptyRepository, FormatsThatAreUnknownOrAbsentAreToldApart) {
    const auto open = [&] { Repository::open(location, test::key_secret()); };
    const std::string newer = R"({"format":"bt2c-dr repository","version":2})";
    location->overwrite("format", {newer.begin(), newer.end()});
    EXPECT_NE(error_of(open).cause().find("version 2"), std::string::npos);
    location->remove("format");
    EXPECT_EQ(error_of(open).kind(), ErrorKind::no_repository);
}

TEST_F(EmptyRepository, IsNotMadeTwiceNorOverWhatIsLeftOfOne) {
    EXPECT_NE(
        error_of([&] { Repository::init(location, labelled(test::key_secret())); }).message().find("already"),
        std::string::npos);
    repository.store_backup(manifest(1, 1), {});
    location->remove("format");
    const std::size_t objects = location->list("").size();
    EXPECT_NE(error_of([&] { Repository::init(location, labelled(test::key_secret())); })
                  .hint()
                  .find("makes 'format' anew"),
              std::string::npos);
    EXPECT_EQ(location->list("").size(), objects);
}

/// A location whose n-th put fails, before or after the object has its name.
class FailingLocation final : public storage::Location {
 public:
    enum class When { before, after, taken };
    FailingLocation(std::shared_ptr<storage::Location> inner, int put, When when)
        : inner_(std::move(inner)), left_(put), when_(when) {}
    std::string describe() const override { return inner_->describe(); }
    bool put(const std::string& name, base::ByteView contents) override {
        if (left_-- != 0) return inner_->put(name, contents);
        if (when_ == When::taken) return false;
        if (when_ == When::after && !inner_->put(name, contents)) return false;
        throw base::system_error("cannot write " + name, ENOSPC);
    }
    std::optional<Bytes> get(const std::string& name) override { return inner_->get(name); }
    std::optional<Bytes> get_range(const std::string& name, std::uint64_t offset,
                                   std::uint64_t size) override {
        return inner_->get_range(name, offset, size);
    }
    std::optional<std::uint64_t> size_of(const std::string& name) override { return inner_->size_of(name); }
    std::vector<storage::ObjectInfo> list(const std::string& folder) override { return inner_->list(folder); }
    bool remove(const std::string& name) override { return inner_->remove(name); }

 private:
    std::shared_ptr<storage::Location> inner_;
    int left_;
    When when_;
};

TEST(RepositoryInit, ThatFailsLeavesNothing) {
    for (const auto when :
         {FailingLocation::When::before, FailingLocation::When::after, FailingLocation::When::taken})
        for (int put = 0; put < 3; ++put) {
            const auto inner = std::make_shared<MemoryLocation>();
            const auto failing = std::make_shared<FailingLocation>(inner, put, when);
            std::vector<Repository::LabelledSecret> secrets = labelled(test::key_secret());
            secrets.push_back({test::key_secret(2), "second"});
            EXPECT_THROW(Repository::init(failing, secrets), Error);
            const bool slot_stays = when == FailingLocation::When::after && put < 2;
            EXPECT_EQ(inner->list("").size(), slot_stays ? 1U : 0U) << put;
            EXPECT_EQ(inner->size_of("format"), std::nullopt);
        }
}

TEST(RepositoryInit, ClearsAwayTheSlotsOfOneThatWasCutOff) {
    const auto location = std::make_shared<MemoryLocation>();
    const crypto::SecretBytes lost = crypto::SecretBytes::random(32);
    add_slot(*location, ObjectId::random(), lost, test::key_secret(),
             "killed before it had stored the format");
    location->put("keys/" + ObjectId::random().hex(), base::as_bytes("{\"version\":1"));
    const Repository made = Repository::init(location, labelled(test::key_secret()));
    const SlotList slots = list_slots(*location);
    EXPECT_TRUE(slots.damaged.empty());
    ASSERT_EQ(slots.slots.size(), 1U);
    EXPECT_EQ(Repository::open(location, test::key_secret()).opened_slot(), slots.slots.front().id);
}

TEST(RepositoryInit, OfTwoAtOnceOneWinsAndOpens) {
    const auto location = std::make_shared<MemoryLocation>();
    std::atomic<int> made = 0;
    std::vector<std::thread> threads;
    for (std::uint8_t t = 1; t <= 4; ++t)
        threads.emplace_back([&, t] {
            try {
                Repository::init(location, labelled(test::key_secret(t)));
                ++made;
            } catch (const Error&) {
            }
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(made, 1);
    int opened = 0;
    for (std::uint8_t t = 1; t <= 4; ++t) try {
            Repository::open(location, test::key_secret(t));
            ++opened;
        } catch (const Error&) {
        }
    EXPECT_EQ(opened, 1);
}

TEST(StoreBackup, ThatFailsAtAnyPutLeavesNoBackup) {
    for (const auto when :
         {FailingLocation::When::before, FailingLocation::When::after, FailingLocation::When::taken})
        for (int put = 0; put < 4; ++put) {
            const auto inner = std::make_shared<MemoryLocation>();
            const Repository made = Repository::init(inner, labelled(test::key_secret()));
            const Repository repository =
                Repository::open(std::make_shared<FailingLocation>(inner, put, when), test::key_secret());
            const std::size_t before = inner->list("").size();
            Manifest manifest;
            manifest.id = ObjectId::random();
            manifest.type = BackupType::safety;
            const auto store = [&] {
                PackWriter packs(repository.location(), repository.keys(), manifest.id, 4096);
                packs.add(BlobKind::file_piece, Bytes(100), 100);
                const std::vector<StoredPack> stored = packs.finish();
                for (const StoredPack& pack : stored)
                    manifest.packs.push_back({pack.id, manifest.id, pack.bytes});
                repository.store_backup(manifest, stored);
                packs.commit();
            };
            if (put == 3) {
                store();  // there are three puts: pack, index, manifest
                EXPECT_EQ(made.list().backups.size(), 1U);
                continue;
            }
            const Error error = error_of(store);
            EXPECT_NE(error.state(), "") << put;
            EXPECT_EQ(inner->list("").size(), before) << put;
            EXPECT_TRUE(made.list().backups.empty());
        }
}

TEST_F(EmptyRepository, ABackupIsNotStoredWhenItsPacksOrTheRepositoryAreGone) {
    Manifest lost = manifest(1, 1);
    lost.packs.push_back({ObjectId::random(), lost.id, 10});
    EXPECT_NE(error_of([&] { repository.store_backup(lost, {}); }).message().find("was removed"),
              std::string::npos);
    EXPECT_TRUE(repository.list().backups.empty());
    EXPECT_TRUE(location->list("index").empty());
    location->remove("format");
    EXPECT_NE(error_of([&] { repository.store_backup(manifest(1, 1), {}); }).message().find("repository was"),
              std::string::npos);
    EXPECT_TRUE(location->list("manifests").empty());
}

// Each question to a place behind a network waits for the line; a tall chain has hundreds of packs.
TEST(StoreBackup, AsksForSeveralPacksAtATime) {
    const auto far = std::make_shared<support::UnrulyLocation>();
    far->at_once = 4;
    const Repository repository = Repository::init(far, labelled(test::key_secret()));
    Manifest manifest;
    manifest.id = ObjectId::random();
    manifest.type = BackupType::safety;
    for (int i = 0; i < 8; ++i) {
        manifest.packs.push_back({ObjectId::random(), manifest.id, 10});
        ASSERT_TRUE(far->put(object_name(ObjectType::pack, manifest.packs.back().id), Bytes(10)));
    }
    std::atomic<int> asked = 0;
    far->before = [&](const std::string& operation, const std::string& object) {
        if (operation != "get" || !object.starts_with("packs/")) return;
        ++asked;
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (asked < 4 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
        EXPECT_GE(asked, 4);
    };
    repository.store_backup(manifest, {});
    EXPECT_EQ(asked, 8);
    EXPECT_EQ(repository.list().backups.size(), 1U);
}

TEST_F(EmptyRepository, ListsByTheSequenceWhateverTheClocksSaid) {
    const Manifest first = manifest(1, 4'000'000'000'000);  // a clock of the year 2096
    const Manifest second = manifest(2, 1'000);
    const Manifest rival = manifest(2, 2'000);  // made at the same time as the second
    for (const Manifest& each : {first, rival, second}) repository.store_backup(each, {});
    const BackupList list = repository.list();
    ASSERT_EQ(list.backups.size(), 3U);
    EXPECT_EQ(list.backups[0].id, rival.id);
    EXPECT_EQ(list.backups[1].id, second.id);
    EXPECT_EQ(list.backups[2].id, first.id);
}

TEST_F(EmptyRepository, NumbersThatAreForgedAreNoEnd) {
    Manifest forged = manifest(sequence_max + 1, 1);
    repository.store_backup(forged, {});
    EXPECT_EQ(repository.list().damaged.size(), 1U) << "what nothing could come after is no backup";
    repository.store_backup(manifest(sequence_max, 5), {});
    repository.store_backup(manifest(sequence_max, 6), {});
    EXPECT_EQ(repository.list().backups.at(0).finished_at, 6) << "the time decides at the end of the numbers";
}

TEST(DoubtOfLatest, IsWhatWasMadeLaterAndNumberedLower) {
    constexpr base::UnixMs hour = 3'600'000, now = 1000 * hour;
    const auto backup = [](base::UnixMs time, BackupType type = BackupType::full) {
        Manifest manifest;
        manifest.type = type;
        manifest.started_at = manifest.finished_at = time;
        return manifest;
    };
    const auto doubt = [&](const std::vector<Manifest>& backups) {
        const Manifest* const found = doubt_of_latest(backups, now);
        return found ? found->started_at / hour : 0;
    };
    const auto safety = BackupType::safety;
    EXPECT_EQ(doubt({}), 0);
    EXPECT_EQ(doubt({backup(9 * hour), backup(8 * hour)}), 0);
    EXPECT_EQ(doubt({backup(9 * hour), backup(9 * hour + 60'000)}), 0) << "they ran side by side";
    EXPECT_EQ(doubt({backup(9 * hour), backup(12 * hour), backup(14 * hour), backup(8 * hour)}), 14);
    EXPECT_EQ(doubt({backup(9 * hour), backup(now + hour)}), 0) << "a stamp in the future says nothing";
    EXPECT_EQ(doubt({backup(now + 40 * hour), backup(8 * hour), backup(9 * hour)}), 9)
        << "nor that of the newest";
    EXPECT_EQ(doubt({backup(9 * hour), backup(10 * hour, safety)}), 0);
    EXPECT_EQ(doubt({backup(9 * hour, safety), backup(7 * hour), backup(8 * hour)}), 8);
}

TEST_F(EmptyRepository, OneDamagedManifestHidesNoOther) {
    const Manifest sound = manifest(1, 1);
    const Manifest damaged = manifest(2, 2);
    const Manifest newer = manifest(3, 3);
    for (const Manifest& each : {sound, damaged, newer}) repository.store_backup(each, {});
    ASSERT_TRUE(location->put("manifests/" + sound.id.hex() + ".bak", base::as_bytes("a copy")));
    EXPECT_EQ(repository.find(sound.id.hex().substr(0, 8)).id, sound.id);
    const std::string name = object_name(ObjectType::manifest, damaged.id);
    Bytes bytes = location->get(name).value();
    bytes.back() ^= 1;
    location->overwrite(name, bytes);
    const std::string newer_name = object_name(ObjectType::manifest, newer.id);
    bytes = location->get(newer_name).value();
    bytes[8] = 2;
    location->overwrite(newer_name, bytes);
    ASSERT_TRUE(location->put("manifests/readme", base::as_bytes("hello")));
    const BackupList list = repository.list();
    ASSERT_EQ(list.backups.size(), 1U);
    EXPECT_EQ(list.backups[0].id, sound.id);
    ASSERT_EQ(list.damaged.size(), 2U);  // 'readme' is no backup of ours
    std::string reasons;
    for (const DamagedBackup& backup : list.damaged) reasons += backup.id + ": " + backup.reason + "\n";
    EXPECT_NE(reasons.find("seal does not verify"), std::string::npos) << reasons;
    EXPECT_NE(reasons.find("version 2"), std::string::npos) << reasons;
}

TEST_F(EmptyRepository, ObjectsUnderOtherNamesDoNotOpen) {
    const Manifest a = manifest(1, 1);
    const Manifest b = manifest(2, 2);
    repository.store_backup(a, {});
    repository.store_backup(b, {});
    const std::string name_a = object_name(ObjectType::manifest, a.id);
    const std::string name_b = object_name(ObjectType::manifest, b.id);
    const Bytes bytes_a = location->get(name_a).value();
    location->overwrite(name_a, location->get(name_b).value());
    EXPECT_NE(error_of([&] { repository.manifest(a.id); }).cause().find("renamed, or swapped"),
              std::string::npos);
    // With a header made to fit, the seal does not verify: its key is bound to the header.
    Bytes forged = location->get(name_b).value();
    std::copy_n(bytes_a.begin(), object_header_bytes, forged.begin());
    location->overwrite(name_a, forged);
    EXPECT_NE(error_of([&] { repository.manifest(a.id); }).cause().find("seal"), std::string::npos);
}

TEST_F(EmptyRepository, FindsByLatestAndByTheBeginningOfAnId) {
    EXPECT_NE(error_of([&] { repository.find("latest"); }).hint().find("bt2c-dr backup"), std::string::npos);
    Manifest full = manifest(1, 1);
    full.type = BackupType::full;
    full.image = ImageInfo{4096, 1, 16, 0, std::string(64, '0'), "wal", 0600, 0, 0};
    const Manifest safety = manifest(2, 2);
    repository.store_backup(full, {});
    repository.store_backup(safety, {});
    EXPECT_EQ(repository.find("latest").id, full.id);  // never a safety backup
    EXPECT_EQ(repository.find(safety.id.hex()).id, safety.id);
    EXPECT_EQ(repository.find(safety.id.hex().substr(0, 12)).id, safety.id);
    for (const std::string& name :
         {std::string(""), std::string("ab"), safety.id.hex() + "0", std::string("../x")})
        EXPECT_NE(error_of([&] { repository.find(name); }).hint(), "") << name;
}

TEST_F(EmptyRepository, KeepsTheLatestProofOfEachBackup) {
    const ObjectId backup = ObjectId::random();
    repository.record_proof(backup, "restored");
    repository.record_proof(backup, "restored again");
    ASSERT_TRUE(location->put("proofs/" + std::string(32, '0'), base::as_bytes("damaged")));
    const auto proofs = repository.proofs();
    ASSERT_EQ(proofs.size(), 1U);
    EXPECT_NEAR(static_cast<double>(proofs.at(backup.hex()).proved_at.value()),
                static_cast<double>(base::now_unix_ms()), 60'000);
    EXPECT_FALSE(proofs.at(backup.hex()).failed_at);
    repository.record_failure(backup, "it does not restore");
    EXPECT_FALSE(repository.proofs().at(backup.hex()).proved_at) << "a later failure ends the proof";
    EXPECT_TRUE(repository.proofs().at(backup.hex()).failed_at);
}

TEST(RepositoryUse, TwoBackupsAtOnceBothSucceed) {
    test::BackedUpHome node(60);
    node.back_up(BackupType::full);
    std::vector<std::thread> threads;
    std::vector<Manifest> made(2);
    for (Manifest& manifest : made) threads.emplace_back([&] { manifest = node.back_up(BackupType::full); });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(node.repository.list().backups.size(), 3U);
    EXPECT_EQ(test::image_of(node.repository, made[0]), test::image_of(node.repository, made[1]));
}

TEST(RepositoryUse, ReadersDoWithoutIndexes) {
    test::BackedUpHome node;
    const Manifest full = node.back_up(BackupType::full);
    const Bytes expected = test::image_of(node.repository, full);
    const fs::path index = node.file(ObjectType::index, full.id);
    for (const char* what : {"damaged", "cut off", "gone"}) {
        if (std::string_view(what) == "damaged") test::flip_bit(index, 40);
        if (std::string_view(what) == "cut off") test::truncate(index, 33);
        if (std::string_view(what) == "gone") fs::remove(index);
        EXPECT_EQ(test::image_of(node.repository, full), expected) << what;
    }
    node.grow(2);
    EXPECT_EQ(test::image_of(node.repository, node.back_up(BackupType::incremental)).size() % 4096, 0U);
}

TEST(RepositoryUse, PagesAreThoseOfTheDatabase) {
    test::BackedUpHome node;
    const Manifest full = node.back_up(BackupType::full);
    EXPECT_EQ(test::image_of(node.repository, full), platform::read_file(node.home.database(), 1U << 30));
    for (int round = 0; round < 3; ++round) {
        node.grow(4);
        const Manifest later = node.back_up(BackupType::incremental);
        const Bytes database = platform::read_file(node.home.database(), 1U << 30);
        EXPECT_EQ(test::image_of(node.repository, later), database);
        // Pages here and there, through the cache, are the same.
        const ImageReader reader(node.repository, later);
        EXPECT_GT(reader.differences().size(), 0U);
        Bytes pages(std::size_t{3} * reader.image().page_size);
        for (std::uint32_t page = 1; page + 3 <= reader.image().page_count; page += 7) {
            reader.read_pages(page, pages);
            EXPECT_TRUE(
                std::equal(pages.begin(), pages.end(), database.begin() + std::ptrdiff_t{4096} * (page - 1)))
                << page;
        }
    }
}

TEST(RepositoryUse, APageSizeThatChangedMakesTheNextBackupAFullOne) {
    test::BackedUpHome node;
    node.back_up(BackupType::full);
    for (const char* page_size : {"1024", "65536"}) {
        chaindb::sqlite::Connection::open(node.home.database(), chaindb::sqlite::Connection::Mode::read_write)
            .execute(base::format("PRAGMA journal_mode = DELETE; PRAGMA page_size = {}; VACUUM", page_size));
        const Manifest next = node.back_up(BackupType::incremental);
        EXPECT_EQ(next.type, BackupType::full);
        EXPECT_EQ(next.parent, std::nullopt);
        EXPECT_EQ(test::image_of(node.repository, next), platform::read_file(node.home.database(), 1U << 30));
        node.grow(2);
        const Manifest later = node.back_up(BackupType::incremental);
        EXPECT_EQ(later.parent, next.id);
        EXPECT_EQ(test::image_of(node.repository, later),
                  platform::read_file(node.home.database(), 1U << 30));
    }
}

TEST(RepositoryUse, DamageInAPackIsNamedWithWhatToDo) {
    test::BackedUpHome node;
    const Manifest full = node.back_up(BackupType::full);
    const fs::path pack = node.file(ObjectType::pack, full.packs.at(0).id);
    const std::string whole = support::file_text(pack);
    const auto read = [&] { test::image_of(node.repository, full); };
    test::flip_bit(pack, 500);
    const Error damaged = error_of(read);
    EXPECT_NE(damaged.message().find(full.packs.at(0).id.brief()), std::string::npos);
    EXPECT_NE(damaged.hint().find("repository check"), std::string::npos);
    test::overwrite(pack, whole.substr(0, 300));
    EXPECT_NE(error_of(read).cause().find("cut off"), std::string::npos);
    fs::remove(pack);
    EXPECT_NE(error_of(read).message().find("missing"), std::string::npos);
}

}  // namespace
}  // namespace bt2c::repository
