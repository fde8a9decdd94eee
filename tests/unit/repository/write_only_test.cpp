// Objects of write-only nodes: their format, and who can do what with them. [B5]
#include <gmock/gmock.h>

#include <algorithm>

#include "backup/writer_state.hpp"
#include "base/text.hpp"
#include "crypto/seal.hpp"
#include "repository/check.hpp"
#include "repository/index.hpp"
#include "repository/pack_set.hpp"
#include "storage/archive/archive_location.hpp"
#include "storage/memory/memory_location.hpp"
#include "unit/repository/fixture.hpp"

namespace bt2c::repository {
namespace {

using base::Bytes;
using base::ByteView;
using base::ErrorKind;
using crypto::SecretBytes;
using test::error_of;
namespace fs = std::filesystem;

template <std::size_t Size>
std::array<std::uint8_t, Size> counting_from(std::uint8_t first) {
    std::array<std::uint8_t, Size> bytes;
    for (std::size_t i = 0; i < Size; ++i) bytes[i] = static_cast<std::uint8_t>(first + i);
    return bytes;
}

/// Keys that the vectors below were made with, by a program that shares nothing with this one.
class Vectors : public testing::Test {
 protected:
    RepositoryKeys team{SecretBytes::copy_of(counting_from<32>(0)), ObjectId{counting_from<16>(0xA0)}};
    RepositoryKeys node{team.write_key()};
    SecretBytes backup_secret = SecretBytes::copy_of(counting_from<32>(0x40));
    ObjectId id = ObjectId::parse("11111111111111111111111111111111");
    Bytes front = base::from_hex(
                      "425432432d445200010001010000000011111111111111111111111111111111"
                      "92734c75678af212a34a9fea62a99718469f354d2d85094084cc1509a1131a2132003d843313f318"
                      "058f5d5fab96c99d9ba416d3dd4230be2bf9a0372f7bd639116d797c88c9e336daeececaf25a972f")
                      .value();
};

TEST_F(Vectors, TheWriteKey) {
    const WriteKey key = team.write_key();
    EXPECT_EQ(base::to_hex(key.sealing_key),
              "14b1a6a4b68d1782ec23c6671786f4cd7f397775607aa0ba96fa312b7583970e");
    EXPECT_EQ(base::to_hex(key.content_key.view()),
              "b70ec70c3b1c5e20bad27d2e0a961cecc9aa325560842259fcbac211e3ac9de2"
              "7b20b00fc0c985742a1761fe361411d876097542504ee8e4d3d53514c06e3038");
    EXPECT_EQ(base::to_hex(key.writer_secret.view()),
              "30f29346ae3559bd3631cf9f446457dfa0d452b765377d41e16ca164f72ab1e4");
}

TEST_F(Vectors, TheKeyOfAnObject) {
    const std::string wanted = "cfaa3b4dc7b6965cce40cd39841d6997c726e5e0f8c159b7ec45223c65c47370";
    const auto opened = team.open_front(front);
    ASSERT_TRUE(opened);
    EXPECT_TRUE(crypto::equal(opened->backup_secret.view(), backup_secret.view()));
    EXPECT_EQ(base::to_hex(opened->key.view()), wanted);
    EXPECT_EQ(base::to_hex(team.object_key(ObjectType::pack, id, backup_secret).view()), wanted);
    const RepositoryKeys::NewObject made = node.new_object(ObjectType::pack, id, backup_secret);
    EXPECT_EQ(base::to_hex(made.key.view()), wanted);
    EXPECT_EQ(made.front.size(), front.size());
    EXPECT_TRUE(std::equal(front.begin(), front.begin() + object_header_bytes, made.front.begin()));
    // Made with the master key, as before there were write-only nodes.
    EXPECT_EQ(base::to_hex(team.object_key(ObjectType::pack, id, {}).view()),
              "3b3af8b6cae9093bbaf55fb241372160a0b43902b7b5e0c0f1ec9b5b51e115ff");
}

TEST_F(Vectors, DamagedFrontsDoNotOpen) {
    for (std::size_t size = object_header_bytes; size < front.size(); ++size)
        EXPECT_FALSE(team.open_front(ByteView(front).first(size))) << size;
    for (std::size_t i = object_header_bytes; i < front.size(); ++i) {
        Bytes damaged = front;
        damaged[i] ^= 0x80;
        EXPECT_FALSE(team.open_front(damaged)) << i;
    }
    // Another header under the same box gives another key.
    Bytes renamed = front;
    renamed[20] ^= 1;
    EXPECT_FALSE(crypto::equal(team.open_front(renamed).value().key.view(),
                               team.open_front(front).value().key.view()));
}

TEST_F(Vectors, WithoutTheWritersSecretNothingIsForged) {
    WriteKey stranger = team.write_key();  // knows the public key, and how ids are made
    stranger.writer_secret = SecretBytes(writer_secret_bytes);
    const RepositoryKeys::NewObject forged =
        RepositoryKeys(std::move(stranger)).new_object(ObjectType::pack, id, backup_secret);
    EXPECT_FALSE(crypto::equal(team.open_front(forged.front).value().key.view(), forged.key.view()));
}

TEST_F(Vectors, TheNodeOpensNothing) {
    EXPECT_FALSE(node.can_read());
    EXPECT_EQ(error_of([&] { node.open_front(front); }).kind(), ErrorKind::wrong_secret);
    EXPECT_EQ(error_of([&] { node.master(); }).kind(), ErrorKind::wrong_secret);
    EXPECT_EQ(error_of([&] { node.object_key(ObjectType::pack, id, backup_secret); }).kind(),
              ErrorKind::wrong_secret);
    const auto header = make_header(ObjectType::pack, id);
    EXPECT_EQ(error_of([&] { node.open_front(header); }).kind(), ErrorKind::wrong_secret);
}

TEST_F(Vectors, TheFileReadsBackTheSame) {
    const SecretBytes file = team.write_key().to_file();
    const WriteKey read = WriteKey::from_file(file.view());
    EXPECT_EQ(read.repository, team.repository());
    EXPECT_EQ(read.sealing_key, team.write_key().sealing_key);
    EXPECT_TRUE(crypto::equal(read.to_file().view(), file.view()));
    EXPECT_EQ(file.text().find("00010203"), std::string_view::npos);  // the master key
    std::string text(file.text());
    for (const auto& [from, to] : {std::pair("\"version\": 1", "\"version\": 2"),
                                   {"write key", "read key"},
                                   {"14b1a6", "14b1a"},
                                   {"writer_secret", "secret"},
                                   {"\"repository\"", "\"r\""}}) {
        std::string changed = text;
        changed.replace(changed.find(from), std::string_view(from).size(), to);
        const base::Error error = error_of([&] { WriteKey::from_file(base::as_bytes(changed)); });
        EXPECT_EQ(error.kind(), ErrorKind::wrong_secret) << changed;
        EXPECT_NE(error.hint(), "");
    }
    for (const std::string& other : {std::string(), std::string("{"), std::string(5000, ' ')})
        EXPECT_EQ(error_of([&] { WriteKey::from_file(base::as_bytes(other)); }).kind(),
                  ErrorKind::wrong_secret);
}

TEST_F(Vectors, OfAFileWithAnyOfItsBitsTurnedNoOtherKeyIsRead) {
    const SecretBytes file = team.write_key().to_file();
    const std::string sound(file.text());
    for (std::size_t at = 0; at < sound.size(); ++at)
        for (int bit = 0; bit < 8; ++bit) {
            std::string altered = sound;
            altered[at] = static_cast<char>(altered[at] ^ (1 << bit));
            try {  // between the members there may be other white space
                const WriteKey read = WriteKey::from_file(base::as_bytes(altered));
                EXPECT_TRUE(crypto::equal(read.to_file().view(), file.view())) << altered;
            } catch (const base::Error& error) {
                EXPECT_EQ(error.kind(), ErrorKind::wrong_secret);
            }
        }
}

TEST_F(Vectors, AFileOfAnEarlierBuildHasNoCheck) {
    std::string text(team.write_key().to_file().text());
    const std::size_t at = text.find(",\n  \"check\"");
    text.erase(at, text.find("\n}", at) - at);
    EXPECT_EQ(WriteKey::from_file(base::as_bytes(text)).repository, team.repository());
}

/// A home whose node can write backups and not read them, and the team that can.
class WriteOnlyNode : public testing::Test {
 protected:
    test::BackedUpHome team{40};
    Repository node = Repository::open_to_write(team.location, team.repository.keys().write_key());
    base::SilentProgress silent;

    Manifest back_up(BackupType type) {
        backup::BackupRequest request;
        request.type = type;
        request.program = "test";
        return backup::make_backup(team.home, node, request, silent).manifest;
    }
    Bytes database() const {
        const std::string text = support::file_text(team.home.database());
        return {text.begin(), text.end()};
    }
    fs::path state() const { return backup::WriterState::file(team.home, node.id()); }
    CheckReport check() { return check_repository(team.repository, true, silent); }
    std::string object(ObjectType type, const ObjectId& id) const {
        return support::file_text(team.file(type, id));
    }
};

TEST_F(WriteOnlyNode, TheTeamReadsWhatItWrote) {
    const Manifest full = back_up(BackupType::full);
    const Bytes at_full = database();
    team.grow(3);
    const Manifest second = back_up(BackupType::incremental);
    const Bytes at_second = database();
    team.grow(3);
    const Manifest third = back_up(BackupType::incremental);
    EXPECT_EQ(test::image_of(team.repository, team.repository.manifest(full.id)), at_full);
    EXPECT_EQ(test::image_of(team.repository, team.repository.manifest(second.id)), at_second);
    EXPECT_EQ(test::image_of(team.repository, team.repository.manifest(third.id)), database());
    EXPECT_TRUE(check().ok);
    EXPECT_EQ(team.repository.find("latest").id, third.id);
    EXPECT_LT(second.stored_bytes, full.stored_bytes);
    for (const storage::ObjectInfo& info : team.location->list(""))
        if (info.name != "format" && !info.name.starts_with("keys/")) {
            const std::string bytes = support::file_text(team.root / info.name);
            EXPECT_EQ(bytes.at(11), 1) << info.name;
        }
    // A team member's own backup goes on from there, and the node's from that one's number.
    team.grow(1);
    const Manifest read = team.back_up(BackupType::incremental);
    EXPECT_EQ(read.parent, full.id);
    team.grow(1);
    const Manifest fifth = back_up(BackupType::incremental);
    EXPECT_EQ(team.repository.find("latest").id, fifth.id);
    EXPECT_EQ(test::image_of(team.repository, team.repository.manifest(fifth.id)), database());
    EXPECT_TRUE(check().ok);
}

TEST_F(WriteOnlyNode, ItReadsNothing) {
    const Manifest full = back_up(BackupType::full);
    for (const auto& call : std::vector<std::function<void()>>{
             [&] { node.list(); }, [&] { node.find("latest"); }, [&] { node.manifest(full.id); },
             [&] { node.proofs(); }, [&] { open_pack(node, full.packs[0].id); },
             [&] { read_index(node, full.id); }, [&] { check_repository(node, false, silent); },
             [&] { test::image_of(node, full); }})
        EXPECT_EQ(error_of(call).kind(), ErrorKind::wrong_secret);
}

TEST_F(WriteOnlyNode, NothingOnItsDiskOpensAnObjectOrShowsAPage) {
    back_up(BackupType::full);
    team.grow(2);
    const Manifest last = back_up(BackupType::incremental);
    const std::string kept = support::file_text(state());
    // Every 32 bytes of the state and of the write key, and what can be derived of them as keys are.
    const WriteKey write_key = team.repository.keys().write_key();
    std::vector<Bytes> secrets;
    const auto windows = [&](ByteView bytes, std::size_t step) {
        for (std::size_t i = 0; i + 32 <= bytes.size(); i += step)
            secrets.emplace_back(bytes.begin() + static_cast<std::ptrdiff_t>(i),
                                 bytes.begin() + static_cast<std::ptrdiff_t>(i + 32));
    };
    windows(base::as_bytes(kept), 8);
    windows(write_key.content_key.view(), 1);
    windows(write_key.writer_secret.view(), 1);
    windows(write_key.sealing_key, 1);
    const std::string sealed = object(ObjectType::manifest, last.id);
    const ByteView header = base::as_bytes(sealed).first(object_header_bytes);
    const ByteView cipher = base::as_bytes(sealed).subspan(front_bytes_max);
    const Bytes writer(write_key.writer_secret.view().begin(), write_key.writer_secret.view().end());
    std::string info = "bt2c-dr object", sealed_info = "bt2c-dr sealed object";
    for (std::string* text : {&info, &sealed_info}) *text += base::as_text(node.id().bytes);
    Bytes plain(cipher.size() - crypto::seal_tag_bytes);
    for (const Bytes& secret : secrets) {
        const SecretBytes raw = SecretBytes::copy_of(secret);
        Bytes both = secret;
        both.insert(both.end(), writer.begin(), writer.end());
        ASSERT_FALSE(crypto::unseal(raw, 0, cipher, plain));
        ASSERT_FALSE(crypto::unseal(crypto::hkdf_sha256(secret, header, info, 32), 0, cipher, plain));
        ASSERT_FALSE(crypto::unseal(crypto::hkdf_sha256(both, header, sealed_info, 32), 0, cipher, plain));
        ASSERT_FALSE(
            crypto::open_box(raw, base::as_bytes(sealed).subspan(object_header_bytes, sealed_secret_bytes)));
        ASSERT_FALSE(
            RepositoryKeys(SecretBytes::copy_of(secret), node.id()).open_front(base::as_bytes(sealed)));
    }
    // No 16 bytes of the database, but of zeros, of which it has many, and of the hashes of its ends.
    std::string ends;
    for (const Manifest& manifest : team.repository.list().backups)
        ends += manifest.networks.at(0).tip_hash + manifest.networks.at(0).genesis_hash;
    const Bytes pages = database();
    for (std::size_t at = 0; at + 16 <= pages.size(); at += 64) {
        const std::string_view piece = base::as_text(ByteView(pages).subspan(at, 16));
        if (std::count(piece.begin(), piece.end(), '\0') > 4 || ends.find(piece) != std::string::npos)
            continue;
        ASSERT_EQ(kept.find(piece), std::string::npos) << at;
    }
    EXPECT_EQ(kept.find("kkkkkkkk"), std::string::npos);
    EXPECT_EQ(fs::status(state()).permissions(), fs::perms(0600));
}

TEST_F(WriteOnlyNode, WithoutItsStateItNeedsAFullBackup) {
    const auto fails = [&](const std::string& cause) {
        const base::Error error = error_of([&] { back_up(BackupType::incremental); });
        EXPECT_EQ(error.kind(), ErrorKind::failed);
        EXPECT_THAT(error.cause(), testing::HasSubstr(cause));
        EXPECT_NE(error.hint(), "");
    };
    fails("made none yet");
    back_up(BackupType::full);
    const std::string sound = support::file_text(state());
    for (const std::size_t at :
         {std::size_t{0}, std::size_t{9}, std::size_t{14}, sound.size() / 2, sound.size() - 1}) {
        test::flip_bit(state(), at);
        fails("");
        test::overwrite(state(), sound);
    }
    for (const std::size_t size : {std::size_t{0}, std::size_t{15}, sound.size() / 3, sound.size() - 1}) {
        test::truncate(state(), size);
        fails("damaged");
        test::overwrite(state(), sound);
    }
    test::overwrite(state(), sound + "x");
    fails("damaged");
    fs::remove(state());
    fails("removed");
    const Manifest again = back_up(BackupType::full);
    team.grow(1);
    EXPECT_EQ(back_up(BackupType::incremental).parent, again.id);
    EXPECT_TRUE(check().ok);
}

TEST_F(WriteOnlyNode, WhatIsGoneFromTheRepositoryIsNotBuiltUpon) {
    const Manifest full = back_up(BackupType::full);
    team.grow(1);
    const Manifest second = back_up(BackupType::incremental);
    // As a prune would.
    team.location->remove(object_name(ObjectType::manifest, second.id));
    for (const PackInfo& pack : second.packs)
        if (pack.backup == second.id) team.location->remove(object_name(ObjectType::pack, pack.id));
    team.grow(1);
    const Manifest third = back_up(BackupType::incremental);
    EXPECT_EQ(third.parent, full.id);
    EXPECT_EQ(test::image_of(team.repository, team.repository.manifest(third.id)), database());
    team.location->remove(object_name(ObjectType::manifest, full.id));
    EXPECT_THAT(error_of([&] { back_up(BackupType::incremental); }).cause(), testing::HasSubstr("any more"));
    EXPECT_EQ(back_up(BackupType::full).type, BackupType::full);
}

TEST_F(WriteOnlyNode, SafetyBackupsAreDifferencesToo) {
    const Manifest first = back_up(BackupType::safety);
    EXPECT_FALSE(first.parent);
    const Manifest full = back_up(BackupType::full);
    team.grow(1);
    const Manifest safety = back_up(BackupType::safety);
    EXPECT_EQ(safety.parent, full.id);
    const Manifest incremental = back_up(BackupType::incremental);
    EXPECT_LT(incremental.stored_bytes, safety.stored_bytes);        // the pages are there already
    EXPECT_EQ(back_up(BackupType::incremental).id, incremental.id);  // nothing changed
    EXPECT_EQ(test::image_of(team.repository, team.repository.manifest(incremental.id)), database());
    EXPECT_TRUE(check().ok);
}

TEST_F(WriteOnlyNode, AStateThatCannotBeWrittenDoesNotUndoTheBackup) {
    back_up(BackupType::full);
    const std::string older = support::file_text(state());
    team.grow(1);
    platform::set_file_step_hook([&](const platform::FileStep& step) {
        if (step.path.native().find("writer-state") != std::string::npos &&
            step.kind == platform::FileStep::Kind::write)
            throw base::Error(ErrorKind::failed, "no space");
    });
    const Manifest second = back_up(BackupType::incremental);
    platform::set_file_step_hook({});
    EXPECT_EQ(support::file_text(state()), older);
    team.grow(1);
    const Manifest third = back_up(BackupType::incremental);
    for (const Manifest& manifest : {second, third}) team.repository.manifest(manifest.id);
    EXPECT_EQ(test::image_of(team.repository, team.repository.manifest(third.id)), database());
    EXPECT_TRUE(check().ok);
}

TEST_F(WriteOnlyNode, AKeyOfAnotherRepositoryIsRefused) {
    WriteKey other = team.repository.keys().write_key();
    other.repository = ObjectId::random();
    EXPECT_EQ(error_of([&] { Repository::open_to_write(team.location, std::move(other)); }).kind(),
              ErrorKind::wrong_secret);
}

TEST_F(WriteOnlyNode, DamageIsFoundAndIndexesAreMadeAnew) {
    const Manifest full = back_up(BackupType::full);
    const fs::path index = team.file(ObjectType::index, full.id);
    const std::string sound = support::file_text(index);
    for (const std::size_t at : {std::size_t{40}, front_bytes_max + 8, sound.size() - 1}) {
        test::flip_bit(index, at);
        EXPECT_FALSE(check().ok) << at;
        EXPECT_EQ(test::image_of(team.repository, team.repository.manifest(full.id)), database());
        EXPECT_TRUE(rebuild_index(team.repository, full));
        EXPECT_TRUE(check().ok);
        EXPECT_FALSE(rebuild_index(team.repository, full));
    }
    fs::remove(index);
    EXPECT_EQ(test::image_of(team.repository, team.repository.manifest(full.id)), database());
    EXPECT_TRUE(rebuild_index(team.repository, full));
    const fs::path pack = team.file(ObjectType::pack, full.packs[0].id);
    test::flip_bit(pack, object_header_bytes + 3);  // in the sealed secret, of which the index has a copy
    EXPECT_EQ(test::image_of(team.repository, team.repository.manifest(full.id)), database());
    const CheckReport report = check();
    ASSERT_EQ(report.findings.size(), 1U);
    EXPECT_THAT(report.findings[0].text, testing::HasSubstr("secret"));
}

TEST_F(WriteOnlyNode, APackSwappedForOneOfTheThiefsIsFound) {
    const Manifest full = back_up(BackupType::full);
    // The thief has the write key and may replace objects: a pack of the same id and size, with his page in
    // it.
    const ObjectId id = full.packs.back().id;
    const PackDirectory directory = open_pack(team.repository, id).directory;
    const SecretBytes secret = node.keys().new_backup_secret();
    const RepositoryKeys::NewObject made = node.keys().new_object(ObjectType::pack, id, secret);
    crypto::Sealer sealer(made.key);
    Bytes pack = made.front;
    const auto seal = [&](std::uint64_t number, ByteView plain) {
        const std::size_t before = pack.size();
        pack.resize(before + plain.size() + crypto::seal_tag_bytes);
        sealer.seal(number, plain, base::MutableBytes(pack).subspan(before));
    };
    for (std::size_t i = 0; i < directory.blobs.size(); ++i)
        seal(i, Bytes(directory.blobs[i].sealed_bytes - crypto::seal_tag_bytes, 7));
    const std::size_t before = pack.size();
    seal(directory_number, directory.encode());
    base::put_le(pack, static_cast<std::uint32_t>(pack.size() - before));
    pack.insert(pack.end(), pack_end.begin(), pack_end.end());
    test::overwrite(team.file(ObjectType::pack, id), std::string(base::as_text(pack)));
    EXPECT_NO_THROW(open_pack(team.repository, id));
    EXPECT_FALSE(check().ok);
    fs::remove(team.file(ObjectType::index, full.id));
    EXPECT_FALSE(check().ok);
    EXPECT_THROW(test::image_of(team.repository, full), base::Error);
}

// Files that earlier programs wrote of one chain, sealed in each of the two ways. New ones must go on reading
// them.
TEST(Fixtures, BothKindsOfSealStillRead) {
    for (const int seal : {0, 1}) {
        const fs::path file =
            fs::path(BT2C_SOURCE_DIR) / "tests/fixtures" / base::format("repository_seal_{}.bt2c", seal);
        const Repository repository =
            Repository::open(std::make_shared<storage::archive::ArchiveLocation>(file), test::key_secret());
        const Manifest latest = repository.find("latest");
        EXPECT_EQ(latest.type, BackupType::incremental);
        EXPECT_EQ(latest.write_only, seal == 1);
        EXPECT_EQ(base::to_hex(crypto::sha256(test::image_of(repository, latest))),
                  "06949e0bdd806dc7e438a127d7966f955217117c405cc1a707be7af69a011bea");
        base::SilentProgress silent;
        EXPECT_TRUE(check_repository(repository, true, silent).ok);
    }
}

}  // namespace
}  // namespace bt2c::repository
