#include <gmock/gmock.h>

#include "storage/s3/answers.hpp"
#include "storage/s3/xml.hpp"
#include "unit/storage_s3/s3_fixture.hpp"

namespace bt2c::storage::s3 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Each element as "path=text"; "!" at the end of what is no XML.
std::vector<std::string> elements(std::string_view xml) {
    std::vector<std::string> found;
    if (!read_xml(xml, [&](std::string_view path, std::string_view text) {
            found.push_back(std::string(path) + "=" + std::string(text));
        }))
        found.emplace_back("!");
    return found;
}

TEST(S3Xml, ElementsInTheirOrder) {
    EXPECT_THAT(elements("<?xml version='1.0'?>\n<a x='1' y=\"<>\"><b>1</b><n:c  />t<b >2</b ></a>\n"),
                ElementsAre("a/b=1", "a/c=", "a/b=2", "a=t"));
}

TEST(S3Xml, EntitiesAreReplaced) {
    EXPECT_THAT(elements("<a>&lt;&gt;&amp;&quot;&apos;&#65;&#xe4;&#x20AC;&#x1F600;</a>"),
                ElementsAre("a=<>&\"'A\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"));
}

TEST(S3Xml, AnythingElseIsRefused) {
    std::string deep;
    for (int i = 0; i < 17; ++i) deep += "<a>";
    for (int i = 0; i < 17; ++i) deep += "</a>";
    for (const std::string& xml : std::vector<std::string>{"",
                                                           "text",
                                                           "<a>",
                                                           "<a></b>",
                                                           "<a></a><b></b>",
                                                           "<a></a>text",
                                                           "<a b></a>",
                                                           "<a b=1></a>",
                                                           "<a b='1></a>",
                                                           "<a>&other;</a>",
                                                           "<a>&#0;</a>",
                                                           "<a>&#xD800;</a>",
                                                           "<a>&#x110000;</a>",
                                                           "<a>&#99999999999;</a>",
                                                           "<a>&amp</a>",
                                                           "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
                                                           "<a><!-- c --></a>",
                                                           "<a><![CDATA[x]]></a>",
                                                           "<?xml",
                                                           "< a></a>",
                                                           "<a",
                                                           "<a></a",
                                                           "</a>",
                                                           "<" + std::string(65, 'a') + "/>",
                                                           deep}) {
        const auto found = elements(xml);
        ASSERT_FALSE(found.empty()) << xml;
        EXPECT_EQ(found.back(), "!") << xml;
    }
}

TEST(S3Answers, Errors) {
    const ServiceError said =
        parse_error("<Error><Code>NoSuchKey</Code><Message>a\x1b[31mb</Message></Error>");
    EXPECT_EQ(said.code, "NoSuchKey");
    EXPECT_EQ(said.message, "a\\x1b[31mb");
    for (const std::string_view other : {"", "<html><body>busy</body></html>",
                                         "<Error><Code>a b\x1b</Code></Error>", "<Error><Code>Cut</Code>"})
        EXPECT_EQ(parse_error(other).code, "") << other;
}

TEST(S3Answers, Lists) {
    const ListPage page = parse_list(
        "<ListBucketResult><Contents><Key>a%2Fb+c%25</Key><Size>18446744073709551615</Size></Contents>"
        "<Contents><Size>0</Size><Owner><ID>x</ID></Owner><Key>d%zz</Key></Contents>"
        "<IsTruncated>true</IsTruncated><NextContinuationToken>t&amp;+</NextContinuationToken>"
        "<EncodingType>url</EncodingType></ListBucketResult>");
    ASSERT_EQ(page.objects.size(), 2U);
    EXPECT_EQ(page.objects[0].name, "a/b c%");
    EXPECT_EQ(page.objects[0].bytes, UINT64_MAX);
    EXPECT_EQ(page.objects[1].name, "d%zz");
    EXPECT_TRUE(page.truncated);
    EXPECT_EQ(page.next, "t&+");
    // Not encoded unless it says so.
    EXPECT_EQ(
        parse_list("<ListBucketResult><Contents><Key>a+%20</Key><Size>1</Size></Contents></ListBucketResult>")
            .objects.at(0)
            .name,
        "a+%20");
}

TEST(S3Answers, ListsThatAreNone) {
    const auto contents = [](const std::string& inside) {
        return "<ListBucketResult><Contents>" + inside + "</Contents></ListBucketResult>";
    };
    for (const std::string& xml :
         {std::string(), std::string("<html/>"), contents("<Key>a</Key>"), contents("<Size>1</Size>"),
          contents("<Key></Key><Size>1</Size>"), contents("<Key>a</Key><Size>-1</Size>"),
          contents("<Key>a</Key><Size>18446744073709551616</Size>"), contents("<Key>a</Key><Size>1x</Size>"),
          std::string("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>")})
        EXPECT_THAT(S3::error_of([&] { parse_list(xml); }).message(), HasSubstr("no list of objects")) << xml;
}

TEST(S3Answers, ObjectLock) {
    EXPECT_TRUE(says_object_lock(
        "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>"));
    for (const std::string_view other : {"", "<html/>", "<ObjectLockConfiguration/>",
                                         "<ObjectLockConfiguration><ObjectLockEnabled>Disabled</"
                                         "ObjectLockEnabled></ObjectLockConfiguration>"})
        EXPECT_FALSE(says_object_lock(other)) << other;
}

}  // namespace
}  // namespace bt2c::storage::s3
