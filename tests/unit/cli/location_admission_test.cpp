// Which locations belong to the repository, whatever lies in their objects 'format'. [B4]

#include "cli/location_admission.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "repository/repository.hpp"
#include "repository/repository_format.hpp"
#include "storage/memory/memory_location.hpp"

namespace bt2c::cli {
namespace {

using testing::HasSubstr;

/// The object of a new repository.
base::Bytes new_format() {
    const auto location = std::make_shared<storage::memory::MemoryLocation>();
    std::vector<repository::Repository::LabelledSecret> secrets;
    secrets.push_back(
        {{repository::SlotKind::key_file, crypto::SecretBytes::copy_of(base::Bytes(32, 7))}, "key"});
    repository::Repository::init(location, secrets);
    return location->get("format").value();
}

class Admitted : public testing::Test {
 protected:
    base::Bytes ours = new_format(), theirs = new_format();
    const std::string our_id = repository_id_in(ours).value(), their_id = repository_id_in(theirs).value();

    static Applicant applicant(const std::string& name, std::optional<base::Bytes> format) {
        Applicant one;
        one.name = name;
        one.format = std::move(format);
        one.has_backups = [] { return false; };
        one.if_emptied = "was a disk not mounted?";
        return one;
    }
    /// One that was in use before.
    Applicant known(const std::string& name, std::optional<base::Bytes> format) const {
        Applicant one = applicant(name, std::move(format));
        one.held_before = true;
        one.held_id = our_id;
        return one;
    }
    static std::string refusal(const Admission& admission) {
        return admission.refusal ? admission.refusal->in_full() : "";
    }
};

TEST_F(Admitted, AllOfOneRepositoryAndThoseThatAreNew) {
    for (const Admission& one : admit({known("a", ours), known("b", ours), applicant("new", std::nullopt)}))
        EXPECT_FALSE(one.refusal);
}

TEST_F(Admitted, MostDecideAndNotTheFirst) {
    const auto admissions = admit({applicant("a", theirs), applicant("b", ours), applicant("c", ours)});
    EXPECT_THAT(refusal(admissions[0]), HasSubstr("it holds another repository (" + their_id.substr(0, 8)));
    EXPECT_TRUE(admissions[0].is_strange);
    EXPECT_FALSE(admissions[0].has_repository);
    EXPECT_FALSE(admissions[1].refusal);
    EXPECT_FALSE(admissions[2].refusal);
}

TEST_F(Admitted, PlacesThatAnotherNodeTookAreNotTheMost) {
    const auto admissions = admit({known("local", ours), applicant("b", theirs), applicant("c", theirs)});
    EXPECT_FALSE(admissions[0].refusal);
    EXPECT_TRUE(admissions[1].is_strange);
    EXPECT_TRUE(admissions[2].is_strange);
}

TEST_F(Admitted, OfTwoTheOneThatWasInUseBefore) {
    for (const bool first_is_ours : {true, false}) {
        const auto admissions =
            admit({known("a", first_is_ours ? ours : theirs), known("b", first_is_ours ? theirs : ours)});
        const std::size_t good = first_is_ours ? 0 : 1;
        EXPECT_FALSE(admissions[good].refusal);
        EXPECT_THAT(refusal(admissions[1 - good]), HasSubstr("holds another repository"));
        EXPECT_TRUE(admissions[1 - good].has_repository) << "a check can look at it";
    }
    const auto unknown = admit({applicant("a", theirs), applicant("b", ours)});
    EXPECT_FALSE(unknown[0].refusal) << "nothing is known: the first";
    EXPECT_TRUE(unknown[1].is_strange);
}

TEST_F(Admitted, DamageIsNoOtherRepository) {
    const base::Bytes damaged(ours.begin(), ours.begin() + 20);
    const auto admissions = admit({known("a", damaged), known("b", ours)});
    EXPECT_THAT(refusal(admissions[0]), HasSubstr("is damaged"));
    EXPECT_FALSE(admissions[0].is_strange);
    EXPECT_TRUE(admissions[0].has_repository);
    EXPECT_FALSE(admit({known("a", damaged), known("b", damaged)})[0].refusal) << "then the commands tell";
}

TEST_F(Admitted, AWebPageIsNoDamage) {
    const std::string_view page = "\n<!DOCTYPE html><title>Log in</title>";
    const base::Bytes login(page.begin(), page.end());
    EXPECT_THAT(refusal(admit({known("a", login), known("b", ours)})[0]), HasSubstr("web page"));
}

TEST_F(Admitted, AnUnmountedDiskIsNotFilledAnew) {
    Applicant empty = known("a", std::nullopt);
    empty.may_be_empty = true;
    empty.note_of_other_disk = "/home/backups/locations/a";
    const std::string told = refusal(admit({empty, known("b", ours)})[0]);
    EXPECT_THAT(told, HasSubstr("its disk is not mounted"));
    EXPECT_THAT(told, HasSubstr("remove /home/backups/locations/a"));
}

TEST_F(Admitted, WithBackupsOfOursItIsNoUnmountedDisk) {
    Applicant lost = known("a", std::nullopt);
    const auto admitted = [&] { return admit({lost, known("b", ours)})[0]; };
    EXPECT_THAT(refusal(admitted()), HasSubstr("it is empty"));
    lost.has_backups = [] { return true; };
    EXPECT_FALSE(admitted().refusal);
    EXPECT_TRUE(admitted().has_repository) << "a check looks at it";
    lost.held_id = their_id;
    EXPECT_THAT(refusal(admitted()), HasSubstr("'format' is missing, though it has backups"));
    lost.held_id = our_id;
    lost.note_of_other_disk = "/home/backups/locations/a";
    EXPECT_THAT(refusal(admitted()), HasSubstr("its disk is not mounted"));
}

// A 'format' of an earlier build has no check: it may be ours, with a bit turned.
TEST_F(Admitted, WithoutACheckAnotherIdMayBeDamage) {
    std::string text(base::as_text(theirs));
    text.erase(text.rfind(','), text.rfind('}') - text.rfind(','));
    const base::Bytes unchecked(text.begin(), text.end());
    ASSERT_EQ(repository_id_in(unchecked), their_id);
    EXPECT_THAT(refusal(admit({known("a", unchecked), known("b", ours)})[0]), HasSubstr("--repair"));
}

TEST_F(Admitted, IdsAreToldAsFarAsTheyDiffer) {
    const auto told_apart = [&](std::size_t digit) {
        std::string other_id = our_id;
        other_id[digit] = other_id[digit] == '0' ? '1' : '0';
        const std::string text = repository::format_text(repository::ObjectId::parse(other_id), 0);
        const base::Bytes other(text.begin(), text.end());
        return refusal(admit({known("a", other), known("b", ours)})[0]);
    };
    EXPECT_THAT(told_apart(30), HasSubstr(our_id));
    EXPECT_THAT(told_apart(3), testing::Not(HasSubstr(our_id)));
}

TEST_F(Admitted, OneThatLostItsContentsIsLeftOutUnlessItMayBeEmpty) {
    Applicant empty = known("a", std::nullopt);
    EXPECT_THAT(refusal(admit({empty, known("b", ours)})[0]), HasSubstr("was a disk not mounted?"));
    empty.has_backups = [] { return true; };
    empty.held_id = "";  // noted by an earlier build: nobody knows whose they are
    EXPECT_THAT(refusal(admit({empty, known("b", ours)})[0]), HasSubstr("though it has backups"));
    empty.may_be_empty = true;
    EXPECT_FALSE(admit({empty, known("b", ours)})[0].refusal);
    empty.may_be_empty = false;
    empty.is_away = true;
    EXPECT_FALSE(admit({empty, known("b", ours)})[0].refusal) << "why it is away is told elsewhere";
}

}  // namespace
}  // namespace bt2c::cli
