// One location over several: what each gets when some are slow, fail, hang or lie. [B4]
#include "storage/fan_out/fan_out.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "support/unruly_location.hpp"

namespace bt2c::storage::fan_out {
namespace {

using base::Bytes;
using base::Error;
using base::ErrorKind;
using std::chrono::milliseconds;
using std::chrono::seconds;
using support::UnrulyLocation;
using testing::ElementsAre;
using testing::HasSubstr;

Bytes bytes_of(std::string_view text) {
    const base::ByteView view = base::as_bytes(text);
    return {view.begin(), view.end()};
}

/// Opened by a test; what waits at it gives up when its job is stopped.
class Gate {
 public:
    void open() { open_ = true; }
    void wait() const {
        while (!open_) {
            base::throw_if_interrupted();
            std::this_thread::sleep_for(milliseconds(1));
        }
    }

 private:
    std::atomic<bool> open_ = false;
};

class Fan : public testing::Test {
 protected:
    std::shared_ptr<UnrulyLocation> a = std::make_shared<UnrulyLocation>(),
                                    b = std::make_shared<UnrulyLocation>(),
                                    c = std::make_shared<UnrulyLocation>();
    std::shared_ptr<FanOut> fan;

    FanOut& make(std::size_t bytes_max = FanOut::default_bytes_max, unsigned uploads = 1) {
        fan = std::make_shared<FanOut>(
            std::vector<Place>{{"a", a, false, 1}, {"b", b, false, 1}, {"c", c, true, uploads}}, bytes_max);
        return *fan;
    }
    static std::string standings(const std::vector<Outcome>& outcomes) {
        std::string text;
        for (const Outcome& outcome : outcomes)
            text += outcome.name + "=" + "obf"[static_cast<std::size_t>(outcome.standing)] + " ";
        return text;
    }
    template <typename Condition>
    static void wait_until(Condition condition) {
        const auto end = std::chrono::steady_clock::now() + seconds(30);
        while (!condition()) {
            ASSERT_LT(std::chrono::steady_clock::now(), end);
            std::this_thread::sleep_for(milliseconds(1));
        }
    }
    template <typename Job>
    static Error error_of(Job job) {
        try {
            job();
        } catch (const Error& error) {
            return error;
        }
        ADD_FAILURE() << "nothing was thrown";
        return Error(ErrorKind::failed, "");
    }
};

TEST_F(Fan, StoresInAllOfThem) {
    make();
    EXPECT_TRUE(fan->put("packs/1", bytes_of("one")));
    EXPECT_TRUE(fan->put("manifests/1", bytes_of("m")));
    EXPECT_EQ(standings(fan->uploads().finish(seconds(30))), "a=o b=o c=o ");
    for (const auto& part : {a, b, c}) EXPECT_THAT(part->order(), ElementsAre("packs/1", "manifests/1"));
}

TEST_F(Fan, IsDoneWhenTheFastestHasIt) {
    Gate gate;
    a->before = c->before = [&](const std::string& operation, const std::string&) {
        if (operation == "put") gate.wait();
    };
    make();
    EXPECT_TRUE(fan->put("packs/1", bytes_of("one")));
    EXPECT_EQ(b->memory.get("packs/1"), bytes_of("one"));
    EXPECT_EQ(a->memory.get("packs/1"), std::nullopt);
    gate.open();
    EXPECT_EQ(standings(fan->uploads().finish(seconds(30))), "a=o b=o c=o ");
    EXPECT_EQ(a->memory.get("packs/1"), bytes_of("one"));
}

TEST_F(Fan, GivesUpAHangingOneWhenPatienceEnds) {
    c->before = [](const std::string& operation, const std::string&) {
        if (operation == "put") UnrulyLocation::hang();
    };
    make();
    for (const char* name : {"packs/1", "packs/2", "index/1", "manifests/1"})
        EXPECT_TRUE(fan->put(name, bytes_of(name)));
    const auto outcomes = fan->uploads().finish(milliseconds(20));
    // The folders may need longer than that on a busy machine, the hanging one for ever.
    EXPECT_EQ(outcomes[2].standing, Standing::behind);
    EXPECT_THAT(outcomes[2].error, HasSubstr("4 objects"));
    EXPECT_TRUE(c->memory.list("").empty());
}

TEST_F(Fan, LeavesOutOneThatFailsInTheMiddle) {
    b->before = [this](const std::string& operation, const std::string&) {
        if (operation == "put" && b->puts == 2) throw UnrulyLocation::failure("the disk is full");
    };
    make();
    for (const char* name : {"packs/1", "packs/2", "packs/3", "manifests/1"})
        EXPECT_TRUE(fan->put(name, bytes_of(name)));
    const auto outcomes = fan->uploads().finish(seconds(30));
    EXPECT_EQ(standings(outcomes), "a=o b=f c=o ");
    EXPECT_THAT(outcomes[1].error, HasSubstr("the disk is full"));
    EXPECT_THAT(b->order(), ElementsAre("packs/1"));
}

TEST_F(Fan, FailsWhenAllFail) {
    for (const auto& part : {a, b, c})
        part->before = [](const std::string& operation, const std::string&) {
            if (operation == "put") throw UnrulyLocation::failure();
        };
    make();
    const Error error = error_of([&] { static_cast<void>(fan->put("packs/1", bytes_of("x"))); });
    EXPECT_THAT(error.cause(), HasSubstr("a: cannot reach the unruly location: out of order; b:"));
    EXPECT_EQ(standings(fan->uploads().finish(seconds(1))), "a=f b=f c=f ");
}

TEST_F(Fan, TellsThatANameIsTaken) {
    for (const auto& part : {a, b, c}) ASSERT_TRUE(part->memory.put("packs/1", bytes_of("other")));
    make();
    EXPECT_FALSE(fan->put("packs/1", bytes_of("mine")));
    EXPECT_TRUE(fan->put("packs/2", bytes_of("mine")));
    EXPECT_FALSE(fan->put("packs/2", bytes_of("mine")));
    EXPECT_EQ(standings(fan->uploads().finish(seconds(30))), "a=o b=o c=o ");
}

TEST_F(Fan, LeavesOutOneThatHasSomethingElseUnderTheName) {
    ASSERT_TRUE(b->memory.put("packs/1", bytes_of("other")));
    ASSERT_TRUE(c->memory.put("packs/1", bytes_of("mine")));  // of an attempt whose answer was lost
    make();
    EXPECT_TRUE(fan->put("packs/1", bytes_of("mine")));
    const auto outcomes = fan->uploads().finish(seconds(30));
    EXPECT_EQ(standings(outcomes), "a=o b=f c=o ");
    EXPECT_THAT(outcomes[1].error, HasSubstr("another object"));
    EXPECT_EQ(b->memory.get("packs/1"), bytes_of("other"));
}

TEST_F(Fan, KeepsTheOrderInASlowPartWithSeveralThreads) {
    Gate gate;
    c->before = [&](const std::string& operation, const std::string&) {
        if (operation == "put") gate.wait();
    };
    make(FanOut::default_bytes_max, 4);
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(fan->put("packs/" + std::to_string(i), bytes_of("x")));
    for (const char* name : {"index/1", "manifests/1", "packs/later", "manifests/2"})
        EXPECT_TRUE(fan->put(name, bytes_of("x")));
    gate.open();
    EXPECT_EQ(standings(fan->uploads().finish(seconds(30))), "a=o b=o c=o ");
    const auto order = c->order();
    ASSERT_EQ(order.size(), 24U);
    EXPECT_THAT(std::vector(order.begin() + 20, order.end()),
                ElementsAre("index/1", "manifests/1", "packs/later", "manifests/2"));
}

TEST_F(Fan, ReadsBackWhatItCannotKeepForASlowPart) {
    Gate gate;
    std::atomic<int> read = 0;
    c->before = [&](const std::string& operation, const std::string&) {
        if (operation == "put") gate.wait();
    };
    // From either: on a busy machine the first one may itself be late.
    a->before =
        b->before = [&](const std::string& operation, const std::string&) { read += operation == "get"; };
    make(2500);
    for (int i = 0; i < 10; ++i)
        EXPECT_TRUE(fan->put("packs/" + std::to_string(i), Bytes(1000, static_cast<std::uint8_t>(i))));
    gate.open();
    EXPECT_EQ(standings(fan->uploads().finish(seconds(30))), "a=o b=o c=o ");
    EXPECT_GT(read, 5);
    for (int i = 0; i < 10; ++i)
        EXPECT_EQ(c->memory.get("packs/" + std::to_string(i)), Bytes(1000, static_cast<std::uint8_t>(i)));
}

TEST_F(Fan, PutsNothingDamagedIntoASlowPart) {
    Gate gate;
    c->before = [&](const std::string& operation, const std::string&) {
        if (operation == "put") gate.wait();
    };
    make(0);
    EXPECT_TRUE(fan->put("packs/1", bytes_of("one")));
    EXPECT_TRUE(fan->put("packs/2", bytes_of("two")));
    wait_until([&] { return a->memory.get("packs/2") && b->memory.get("packs/2"); });
    for (const auto& part : {a, b}) part->memory.overwrite("packs/2", bytes_of("bad"));
    gate.open();
    const auto outcomes = fan->uploads().finish(seconds(30));
    EXPECT_EQ(outcomes[2].standing, Standing::behind);
    EXPECT_EQ(c->memory.get("packs/2"), std::nullopt);
}

TEST_F(Fan, ForgetsWhatAWriterTakesBack) {
    Gate gate;
    c->before = [&](const std::string& operation, const std::string&) {
        if (operation == "put") gate.wait();
    };
    make();
    EXPECT_TRUE(fan->put("packs/1", bytes_of("one")));
    EXPECT_TRUE(fan->put("packs/2", bytes_of("two")));
    wait_until([&] { return c->puts > 0; });
    fan->remove("packs/1");
    fan->remove("packs/2");
    gate.open();
    EXPECT_TRUE(fan->put("packs/2", bytes_of("anew")));
    EXPECT_EQ(standings(fan->uploads().finish(seconds(30))), "a=o b=o c=o ");
    for (const auto& part : {a, b, c}) {
        EXPECT_EQ(part->memory.get("packs/1"), std::nullopt);
        EXPECT_EQ(part->memory.get("packs/2"), bytes_of("anew"));
    }
}

TEST_F(Fan, WhatIsRemovedIsNotSeenAgainWhereItWasJustBeingStored) {
    b->before = [](const std::string& operation, const std::string&) {
        if (operation == "put") std::this_thread::sleep_for(milliseconds(50));
    };
    make();
    EXPECT_TRUE(fan->put("packs/1", bytes_of("one")));
    wait_until([&] { return b->puts > 0; });
    fan->remove("packs/1");
    EXPECT_EQ(fan->get("packs/1"), std::nullopt);
    EXPECT_EQ(b->memory.get("packs/1"), std::nullopt);
}

TEST_F(Fan, HoldsManifestsBackFromOneThatLacksTheirBase) {
    make();
    fan->uploads().allow_commits(1, false);
    EXPECT_TRUE(fan->put("packs/1", bytes_of("p")));
    EXPECT_TRUE(fan->put("manifests/1", bytes_of("m")));
    EXPECT_EQ(standings(fan->uploads().finish(seconds(30))), "a=o b=b c=o ");
    EXPECT_THAT(b->order(), ElementsAre("packs/1"));
}

TEST_F(Fan, EndsWhileOneHangs) {
    c->before = [](const std::string& operation, const std::string&) {
        if (operation == "put") UnrulyLocation::hang();
    };
    make();
    EXPECT_TRUE(fan->put("packs/1", bytes_of("one")));
    wait_until([&] { return c->puts > 0; });
    fan.reset();
}

TEST_F(Fan, ReadsFromTheNearestThatHasIt) {
    ASSERT_TRUE(b->memory.put("packs/1", bytes_of("one")));
    ASSERT_TRUE(c->memory.put("packs/2", bytes_of("two")));
    make();
    EXPECT_EQ(fan->get("packs/1"), bytes_of("one"));
    EXPECT_EQ(fan->get_range("packs/2", 1, 5), bytes_of("wo"));
    EXPECT_EQ(fan->size_of("packs/2"), 3U);
    EXPECT_EQ(fan->get("packs/3"), std::nullopt);
    EXPECT_EQ(fan->list("packs").size(), 2U);
}

TEST_F(Fan, BelievesAbsenceOnlyWhenAllSaySo) {
    ASSERT_TRUE(a->memory.put("packs/1", bytes_of("one")));
    c->before = [](const std::string&, const std::string&) { throw UnrulyLocation::failure(); };
    make();
    EXPECT_EQ(fan->get("packs/1"), bytes_of("one"));
    const Error error = error_of([&] { fan->get("packs/2"); });
    EXPECT_THAT(error.cause(), HasSubstr("out of order"));
    // It is away from now on, and is not asked again.
    c->before = nullptr;
    ASSERT_TRUE(c->memory.put("packs/2", bytes_of("two")));
    error_of([&] { fan->get("packs/2"); });
    EXPECT_EQ(fan->list("packs").size(), 1U);
    // One of another repository has nothing to say.
    auto other = FanOut({{"a", a, false, 1}, {"c", c, true, 1}});
    other.refuse(1, UnrulyLocation::failure());
    EXPECT_EQ(other.get("packs/2"), std::nullopt);
}

TEST_F(Fan, LeavesOutWhoDoesNotAnswer) {
    b->before = [](const std::string&, const std::string&) { UnrulyLocation::hang(); };
    ASSERT_TRUE(c->memory.put("format", bytes_of("f")));
    make();
    const auto answers = fan->ask_all("format", 100, milliseconds(200));
    EXPECT_FALSE(answers[0]);
    EXPECT_FALSE(answers[1]);
    EXPECT_EQ(answers[2], bytes_of("f"));
    EXPECT_FALSE(fan->parts()[0]->away());
    EXPECT_TRUE(fan->parts()[1]->away());
    EXPECT_TRUE(fan->put("packs/1", bytes_of("one")));
    EXPECT_EQ(standings(fan->uploads().finish(seconds(30))), "a=o b=f c=o ");
}

TEST_F(Fan, AsksForNoNameOfAnAddress) {
    c->before = [](const std::string&, const std::string&) { UnrulyLocation::hang(); };
    for (const auto& [described, has_name] :
         std::vector<std::pair<std::string, bool>>{{"sftp://me@backups.example.org:2222/node", true},
                                                   {"s3://bucket/node at s3.example.org", true},
                                                   {"sftp://me@192.0.2.7:2222/node", false},
                                                   {"sftp://me@[2001:db8::7]:2222/node", false},
                                                   {"s3://bucket/node at 127.0.0.1:9000", false}}) {
        c->described = described;
        make().ask_all("format", 100, milliseconds(50));
        const std::string cause = fan->parts()[2]->away().value().cause();
        EXPECT_THAT(cause, HasSubstr(described));
        EXPECT_EQ(cause.find("does its name resolve?") != std::string::npos, has_name) << cause;
    }
}

TEST_F(Fan, ListsNothingOnlyWhenItCouldAsk) {
    for (const auto& part : {a, b, c})
        part->before = [](const std::string&, const std::string&) { throw UnrulyLocation::failure(); };
    make();
    error_of([&] { fan->list("packs"); });
}

TEST_F(Fan, TellsWhichCopiesWereAtFault) {
    make();
    const auto copies = fan->copies();
    ASSERT_EQ(copies.size(), 3U);
    fan->note_fault(*copies[1], "packs/1", "its seal does not verify");
    fan->note_fault(*copies[1], "packs/2", "it is cut off");
    ASSERT_EQ(fan->faults().size(), 1U);
    EXPECT_EQ(fan->faults()[0].part, "b");
    EXPECT_THAT(fan->faults()[0].text, HasSubstr("packs/1: its seal"));
}

TEST_F(Fan, ReadsFromAnotherWhereOneIsSlow) {
    for (const auto& part : {a, b}) ASSERT_TRUE(part->memory.put("packs/1", bytes_of("one")));
    std::atomic<int> asked = 0;
    a->before = [&](const std::string&, const std::string&) {
        ++asked;
        UnrulyLocation::hang();
    };
    FanOut slow({{"a", a, false, 1, milliseconds(20)}, {"b", b, true, 1, milliseconds(20)}});
    EXPECT_EQ(slow.get_range("packs/1", 0, 3), bytes_of("one"));
    EXPECT_EQ(slow.get_range("packs/1", 0, 3), bytes_of("one"));
    EXPECT_EQ(asked, 1);
    ASSERT_EQ(slow.slow().size(), 1U);
    EXPECT_EQ(slow.slow()[0].part, "a");
    EXPECT_THAT(slow.slow()[0].text, HasSubstr("less than 3 B came within"));
    EXPECT_EQ(slow.copies().front(), slow.parts()[1]);
    EXPECT_FALSE(slow.parts()[0]->away());
}

TEST_F(Fan, ManySlowAnswersMakeASlowPartToo) {
    for (const auto& part : {a, b}) ASSERT_TRUE(part->memory.put("packs/1", bytes_of("one")));
    std::atomic<int> asked = 0;
    a->before = [&](const std::string&, const std::string&) {
        ++asked;
        std::this_thread::sleep_for(milliseconds(500));
    };
    // Each is in time, and 400 ms later than a tenth of the whole.
    FanOut slow({{"a", a, false, 1, milliseconds(1000)}, {"b", b, true, 1, milliseconds(1000)}});
    for (int i = 0; i < 10; ++i) EXPECT_EQ(slow.get_range("packs/1", 0, 3), bytes_of("one"));
    EXPECT_LE(asked, 3);
    ASSERT_EQ(slow.slow().size(), 1U);
    EXPECT_THAT(slow.slow()[0].text, HasSubstr("longer than they should"));
    EXPECT_FALSE(slow.parts()[0]->away());
}

TEST_F(Fan, WaitsForASlowOneWhereNoOtherHasIt) {
    ASSERT_TRUE(a->memory.put("packs/1", bytes_of("one")));
    a->before = [](const std::string&, const std::string&) {
        for (int i = 0; i < 100; ++i) {
            base::throw_if_interrupted();
            std::this_thread::sleep_for(milliseconds(1));
        }
    };
    c->before = [](const std::string&, const std::string&) { throw UnrulyLocation::failure(); };
    FanOut slow({{"a", a, false, 1, milliseconds(20)},
                 {"b", b, false, 1, milliseconds(20)},
                 {"c", c, true, 1, milliseconds(20)}});
    EXPECT_EQ(slow.get_range("packs/1", 0, 3), bytes_of("one"));
    EXPECT_THAT(slow.slow(), testing::Contains(testing::Field(&Note::part, "a")));
}

TEST_F(Fan, ReadsTheWholeOfALargeObjectBehindATrial) {
    Bytes large(std::size_t{1} << 20);
    for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<std::uint8_t>(i >> 8U);
    ASSERT_TRUE(a->memory.put("packs/1", large));
    make();
    EXPECT_EQ(fan->get_range("packs/1", 0, large.size()), large);
    EXPECT_EQ(fan->get_range("packs/1", 5, large.size()), Bytes(large.begin() + 5, large.end()));
    auto other = FanOut({{"a", a, false, 1}, {"b", b, false, 1}});
    EXPECT_EQ(other.get_range("packs/1", 5, 700'000), Bytes(large.begin() + 5, large.begin() + 700'005));
}

TEST_F(Fan, AnInterruptIsNoSlowness) {
    ASSERT_TRUE(a->memory.put("packs/1", bytes_of("one")));
    std::atomic<bool> stop = false;
    a->before = [&](const std::string&, const std::string&) {
        stop = true;
        UnrulyLocation::hang();
    };
    make();
    const base::StopScope scope(&stop);
    EXPECT_EQ(error_of([&] { fan->get("packs/1"); }).kind(), ErrorKind::interrupted);
    EXPECT_TRUE(fan->slow().empty());
}

TEST_F(Fan, BlamesNoneThatHeldNothing) {
    make();
    fan->note_empty(0);
    const auto copies = fan->copies();
    fan->note_fault(*copies[0], "packs/1", "it is missing");
    EXPECT_TRUE(fan->faults().empty());
    fan->note_fault(*copies[1], "packs/1", "it is missing");
    EXPECT_EQ(fan->faults().size(), 1U);
}

}  // namespace
}  // namespace bt2c::storage::fan_out
