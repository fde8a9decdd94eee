#include "base/json.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "base/error.hpp"

namespace bt2c::base {
namespace {

Json sample() {
    return Json::object({{"id", "40dc"},
                         {"height", 12},
                         {"ok", true},
                         {"seconds", 1.5},
                         {"parent", nullptr},
                         {"locations", Json(Json::Array{"a", "b"})}});
}

TEST(Json, KeepsTheOrderOfKeys) {
    EXPECT_EQ(sample().dump(),
              R"({"id":"40dc","height":12,"ok":true,"seconds":1.5,"parent":null,"locations":["a","b"]})");
    EXPECT_EQ(Json::parse(sample().dump()).dump(), sample().dump());
}

TEST(Json, ReadersNameTheKeyThatIsWrong) {
    const Json json = sample();
    EXPECT_EQ(json.string_at("id"), "40dc");
    EXPECT_EQ(json.unsigned_at("height"), 12U);
    EXPECT_EQ(json.number_at("height"), 12.0);
    EXPECT_TRUE(json.bool_at("ok"));
    EXPECT_EQ(json.array_at("locations").size(), 2U);
    EXPECT_EQ(json.find("parent"), nullptr);
    const auto message = [](auto read) {
        try {
            read();
        } catch (const Error& error) {
            return error.message();
        }
        return std::string("nothing was thrown");
    };
    EXPECT_EQ(message([&] { json.string_at("height"); }),
              "malformed JSON document: 'height' is not a string");
    EXPECT_EQ(message([&] { json.at("gone"); }), "malformed JSON document: 'gone' is not there");
    EXPECT_EQ(message([&] {
                  Json::object({{"n", -1}}).unsigned_at("n");
              }),
              "malformed JSON document: 'n' is not a whole number");
    EXPECT_EQ(message([&] { json.integer_at("seconds"); }),
              "malformed JSON document: 'seconds' is not an integer");
}

TEST(Json, ErrorsDoNotQuoteWhatIsRead) {
    for (const std::string text :
         {"{\n\"encrypted_key\": \"U2VjcmV0", "{\n\"k\": U2VjcmV0}", "[1,\n9e999U2VjcmV0"})
        try {
            Json::parse(text);
            ADD_FAILURE() << text;
        } catch (const Error& error) {
            EXPECT_EQ(error.in_full().find("U2Vj"), std::string::npos) << error.in_full();
            EXPECT_NE(error.cause().find("line 2"), std::string::npos) << error.cause();
        }
}

TEST(Json, SetReplacesAndAdds) {
    Json json = Json::object({{"a", 1}});
    json.set("a", 2).set("b", Json::array().push(3));
    EXPECT_EQ(json.dump(), R"({"a":2,"b":[3]})");
    EXPECT_EQ(json.dump(true), "{\n  \"a\": 2,\n  \"b\": [\n    3\n  ]\n}");
}

TEST(Json, BadTextsAreErrorsAndNeverMore) {
    for (const std::string text : {"", "{", "[1,]", "nul", "{\"a\":1}x", "\"\xff\"", "1e999999x", "{\"a\":}"})
        EXPECT_THROW(Json::parse(text), Error) << text;
    EXPECT_THROW(Json::parse(std::string(100'000, '[')), Error);
    EXPECT_THROW(Json::parse(std::string(70, '[') + std::string(70, ']')), Error);
    EXPECT_NO_THROW(Json::parse(std::string(60, '[') + std::string(60, ']')));
}

TEST(Json, ReadersTakeNoValueOfAnotherShape) {
    for (const char* text : {"null", "1", "\"a\"", "[]"}) {
        EXPECT_EQ(Json::parse(text).find("a"), nullptr) << text;
        EXPECT_THROW(Json::parse(text).at("a"), Error) << text;
    }
    EXPECT_THROW(Json::parse("{}").elements(), Error);
    EXPECT_THROW(Json::parse("[]").members(), Error);
}

TEST(Json, WhatJsonCannotSayIsSaidAsWellAsItCan) {
    EXPECT_EQ(Json(std::numeric_limits<double>::infinity()).dump(), "null");
    EXPECT_EQ(Json("a\xff"
                   "b")
                  .dump(),
              "\"a\xEF\xBF\xBD"
              "b\"");
    EXPECT_EQ(Json(std::optional<int>{}).dump(), "null");
    EXPECT_EQ(Json(std::optional<int>{3}).dump(), "3");
    EXPECT_EQ(Json::parse("9223372036854775807").integer(), INT64_MAX);
    EXPECT_THROW(Json::parse("9223372036854775808").integer(), Error);
}

TEST(Json, ObjectsWithTooManyMembersAreRefused) {
    const auto object = [](int members) {
        std::string text = "{";
        for (int i = 0; i < members; ++i)
            text += (i > 0 ? ",\"" : "\"") + std::to_string(i) + R"(":{"a":1,"b":[{"c":2}]})";
        return text + "}";
    };
    EXPECT_EQ(Json::parse(object(1000)).members().size(), 1000U);
    EXPECT_THROW(Json::parse(object(1001)), Error);
    EXPECT_THROW(Json::parse("[" + object(1500) + "]"), Error);
    EXPECT_EQ(Json::parse("[" + object(800) + "," + object(800) + "]").elements().size(), 2U);
}

}  // namespace
}  // namespace bt2c::base
