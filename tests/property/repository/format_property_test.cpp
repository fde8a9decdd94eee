// What is written reads back the same; what is read is sound or refused.

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "base/error.hpp"
#include "repository/compression.hpp"
#include "repository/digit_packing.hpp"
#include "repository/manifest.hpp"
#include "repository/pack_directory.hpp"
#include "repository/page_table.hpp"

namespace bt2c::repository {
namespace {

using base::Bytes;
using base::Json;

template <std::size_t Size>
rc::Gen<std::array<std::uint8_t, Size>> any_bytes() {
    return rc::gen::container<std::array<std::uint8_t, Size>>(rc::gen::arbitrary<std::uint8_t>());
}

rc::Gen<ObjectId> any_id() {
    return rc::gen::map(any_bytes<16>(), [](const auto& bytes) { return ObjectId{bytes}; });
}

template <typename T>
T upto(T end) {
    return *rc::gen::inRange<T>(0, end);
}

PackDirectory any_directory() {
    PackDirectory directory;
    directory.backup = *any_id();
    directory.number = *rc::gen::arbitrary<std::uint32_t>();
    directory.page_size = *rc::gen::arbitrary<std::uint32_t>();
    std::uint32_t offset = object_header_bytes;
    for (int left = upto(20); left > 0; --left) {
        BlobEntry blob;
        blob.kind = static_cast<BlobKind>(1 + upto(5));
        blob.offset = offset;
        blob.sealed_bytes = 16 + upto<std::uint32_t>(blob_bytes_max - 16);
        blob.plain_bytes = upto<std::uint32_t>(blob_bytes_max + 1);
        blob.first_page = *rc::gen::arbitrary<std::uint32_t>();
        blob.page_count = *rc::gen::arbitrary<std::uint32_t>();
        offset += blob.sealed_bytes;
        directory.blobs.push_back(blob);
    }
    return directory;
}

bool same(const PackDirectory& a, const PackDirectory& b) {
    return a.backup == b.backup && a.number == b.number && a.page_size == b.page_size &&
           std::equal(a.blobs.begin(), a.blobs.end(), b.blobs.begin(), b.blobs.end(),
                      [](const BlobEntry& x, const BlobEntry& y) {
                          return x.kind == y.kind && x.offset == y.offset &&
                                 x.sealed_bytes == y.sealed_bytes && x.plain_bytes == y.plain_bytes &&
                                 x.first_page == y.first_page && x.page_count == y.page_count;
                      });
}

RC_GTEST_PROP(PackDirectoryFormat, ReadsBackTheSame, ()) {
    const PackDirectory directory = any_directory();
    RC_ASSERT(same(PackDirectory::decode(directory.encode()), directory));
}

RC_GTEST_PROP(PackDirectoryFormat, CutOffOrLengthenedIsRefused, ()) {
    Bytes bytes = any_directory().encode();
    const auto size = upto<std::size_t>(bytes.size());
    RC_ASSERT_THROWS_AS(PackDirectory::decode(base::ByteView(bytes).first(size)), base::Error);
    bytes.push_back(0);
    RC_ASSERT_THROWS_AS(PackDirectory::decode(bytes), base::Error);
}

RC_GTEST_PROP(PackDirectoryFormat, ChangedIsSoundOrRefused, ()) {
    Bytes bytes = any_directory().encode();
    bytes[upto<std::size_t>(bytes.size())] ^= static_cast<std::uint8_t>(1 + upto(255));
    try {
        std::uint64_t offset = object_header_bytes;
        for (const BlobEntry& blob : PackDirectory::decode(bytes).blobs) {
            RC_ASSERT(blob.offset == offset);
            RC_ASSERT(blob.sealed_bytes >= 16 && blob.sealed_bytes <= blob_bytes_max);
            RC_ASSERT(blob.plain_bytes <= blob_bytes_max);
            offset += blob.sealed_bytes;
        }
    } catch (const base::Error&) {
    }
}

std::vector<PageEntry> any_entries() {
    std::vector<PageEntry> entries;
    std::uint32_t page = 0;
    for (int left = upto(40); left > 0; --left) {
        page += 1 + upto<std::uint32_t>(1000);
        entries.push_back({page,
                           *any_bytes<16>(),
                           {upto<std::uint32_t>(7), *rc::gen::arbitrary<std::uint32_t>()},
                           *rc::gen::arbitrary<std::uint16_t>()});
    }
    return entries;
}

RC_GTEST_PROP(PageEntries, ReadBackTheSameInPieces, ()) {
    const std::vector<PageEntry> entries = any_entries();
    const auto cut = upto<std::size_t>(entries.size() + 1);
    std::vector<PageEntry> read;
    decode_entries(encode_entries(std::span(entries).first(cut)), 7, read);
    decode_entries(encode_entries(std::span(entries).subspan(cut)), 7, read);
    RC_ASSERT(read.size() == entries.size());
    for (std::size_t i = 0; i < read.size(); ++i) {
        RC_ASSERT(read[i].page == entries[i].page && read[i].id == entries[i].id &&
                  read[i].blob == entries[i].blob && read[i].position == entries[i].position);
        RC_ASSERT(find_entry(read, read[i].page) == &read[i]);
        RC_ASSERT(find_entry(read, read[i].page + 1) ==
                  (i + 1 < read.size() && read[i + 1].page == read[i].page + 1 ? &read[i + 1] : nullptr));
    }
}

RC_GTEST_PROP(PageEntries, OutOfOrderOrBoundsOrCutOffAreRefused, ()) {
    std::vector<PageEntry> entries = any_entries();
    RC_PRE(entries.size() > 1);
    const Bytes sound = encode_entries(entries);
    std::vector<PageEntry> read;
    RC_ASSERT_THROWS_AS(
        decode_entries(base::ByteView(sound).first(sound.size() - 1 - upto<std::size_t>(29)), 7, read),
        base::Error);
    std::swap(entries[0].page, entries[1].page);
    read.clear();
    RC_ASSERT_THROWS_AS(decode_entries(encode_entries(entries), 7, read), base::Error);
    std::swap(entries[0].page, entries[1].page);
    entries[0].blob.pack = 7;
    read.clear();
    RC_ASSERT_THROWS_AS(decode_entries(encode_entries(entries), 7, read), base::Error);
}

/// Path bytes of all kinds but NUL: letters, UTF-8 sound and broken, control characters, percent signs.
rc::Gen<std::string> any_path() {
    return rc::gen::map(
        rc::gen::container<std::vector<std::string>>(rc::gen::oneOf(
            rc::gen::map(rc::gen::arbitrary<char>(), [](char c) { return std::string(1, c); }),
            rc::gen::elementOf(std::vector<std::string>{"\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "%",
                                                        "%4", "%%20", "\\x41", "\xC3", "\xED\xA0\x80",
                                                        "\xF4\x90\x80\x80", "\x7F", "\xC2\x85", "/", "\""}))),
        [](const std::vector<std::string>& parts) {
            std::string path;
            for (const std::string& part : parts) path += part;
            std::erase(path, '\0');
            return path;
        });
}

std::vector<BlobReference> any_references(std::size_t packs) {
    std::vector<BlobReference> references;
    if (packs == 0) return references;
    for (int left = upto(4); left > 0; --left)
        references.push_back({static_cast<std::uint32_t>(upto(packs)), upto<std::uint32_t>(1U << 31)});
    return references;
}

std::uint64_t any_size() {
    return *rc::gen::inRange<std::uint64_t>(0, std::uint64_t{1} << 62);
}

Manifest any_manifest() {
    Manifest manifest;
    manifest.id = *any_id();
    manifest.type = static_cast<BackupType>(upto(3));
    const bool image = manifest.type == BackupType::incremental || *rc::gen::arbitrary<bool>();
    if (manifest.type == BackupType::incremental || (manifest.type == BackupType::safety && image))
        manifest.parent = *any_id();
    manifest.sequence = any_size() % (sequence_max + 1);
    manifest.program = *rc::gen::string<std::string>();
    std::erase_if(manifest.program, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
    manifest.started_at = *rc::gen::inRange<base::UnixMs>(0, 253'402'300'799'999);
    manifest.finished_at = *rc::gen::inRange<base::UnixMs>(0, 253'402'300'799'999);
    for (int left = upto(3); left > 0; --left)
        manifest.networks.push_back({"net", *rc::gen::arbitrary<std::int64_t>(), "tip", "genesis"});
    if (image)
        manifest.image = ImageInfo{512U << upto(8),
                                   1 + upto<std::uint32_t>(UINT32_MAX),
                                   1 + upto<std::uint32_t>(32),
                                   *rc::gen::arbitrary<std::uint32_t>(),
                                   "digest",
                                   "wal",
                                   upto<std::uint32_t>(010000),
                                   *rc::gen::arbitrary<std::uint32_t>(),
                                   *rc::gen::arbitrary<std::uint32_t>()};
    for (int left = upto(4); left > 0; --left) {
        manifest.packs.push_back({*any_id(), *any_id(), any_size()});
        manifest.packs.back().id.bytes[0] = static_cast<std::uint8_t>(left);  // none twice
    }
    manifest.content_table = any_references(manifest.packs.size());
    manifest.differences = any_references(manifest.packs.size());
    manifest.pages_changed = any_size();
    manifest.stored_bytes = any_size();
    for (int left = upto(5); left > 0; --left) {
        FileEntry file;
        // No two are one, or one below another; no name is empty or leads elsewhere.
        file.path = std::to_string(left) + "-";
        for (const char c : *any_path()) file.path += c == '/' ? "/-" : std::string(1, c);
        file.kind = static_cast<FileKind>(upto(3));
        file.mode = upto<std::uint32_t>(010000);
        file.uid = *rc::gen::arbitrary<std::uint32_t>();
        file.gid = *rc::gen::arbitrary<std::uint32_t>();
        file.mtime_ns = *rc::gen::arbitrary<std::int64_t>();
        if (file.kind == FileKind::file) {
            file.bytes = any_size();
            file.content_id = *any_bytes<16>();
            file.pieces = any_references(manifest.packs.size());
        }
        if (file.kind == FileKind::link) file.target = "t" + *any_path();
        manifest.files.push_back(file);
    }
    return manifest;
}

RC_GTEST_PROP(ManifestJson, ReadsBackTheSame, ()) {
    const Manifest manifest = any_manifest();
    const std::string text = manifest.to_json().dump();
    const Manifest read = Manifest::from_json(manifest.id, Json::parse(text));
    RC_ASSERT(read.to_json().dump() == text);
    RC_ASSERT(read.type == manifest.type && read.parent == manifest.parent);
    RC_ASSERT(read.started_at == manifest.started_at && read.finished_at == manifest.finished_at);
    RC_ASSERT(read.content_table == manifest.content_table && read.differences == manifest.differences);
    RC_ASSERT(read.files.size() == manifest.files.size());
    for (std::size_t i = 0; i < read.files.size(); ++i) {
        RC_ASSERT(read.files[i].path == manifest.files[i].path);
        RC_ASSERT(read.files[i].target == manifest.files[i].target);
        RC_ASSERT(read.files[i].mtime_ns == manifest.files[i].mtime_ns);
        RC_ASSERT(read.files[i].bytes == manifest.files[i].bytes);
        RC_ASSERT(read.files[i].pieces == manifest.files[i].pieces);
    }
}

RC_GTEST_PROP(ManifestJson, WithAMemberGoneOrOfAnotherTypeIsRefusedOrSound, ()) {
    const Manifest manifest = any_manifest();
    Json::Object members = manifest.to_json().members();
    const auto at = upto<std::size_t>(members.size());
    Json changed = Json::object();
    for (std::size_t i = 0; i < members.size(); ++i)
        if (i != at)
            changed.set(members[i].first, members[i].second);
        else if (*rc::gen::arbitrary<bool>())
            changed.set(members[i].first, Json::Array{Json(7)});
    const std::string& name = members[at].first;
    const bool may_be_absent = name == "parent" || name == "image";
    try {
        Manifest::from_json(manifest.id, changed);
        RC_ASSERT(may_be_absent);
    } catch (const base::Error&) {
    }
}

RC_GTEST_PROP(Compression, ReadsBackTheSameWithItsPrefixAlone, ()) {
    const auto plain = *rc::gen::arbitrary<Bytes>();
    const auto prefix = *rc::gen::arbitrary<Bytes>();
    Bytes compressed{1, 2, 3};
    compress(plain, 1 + upto(5), compressed, prefix);
    const base::ByteView frame = base::ByteView(compressed).subspan(3);
    Bytes out(plain.size());
    RC_ASSERT(decompress(frame, out, prefix));
    RC_ASSERT(out == plain);
    Bytes longer(plain.size() + 1);
    RC_ASSERT(!decompress(frame, longer, prefix));
    if (!plain.empty()) {
        Bytes shorter(plain.size() - 1);
        RC_ASSERT(!decompress(frame, shorter, prefix));
    }
    // After a failure the thread's context works on.
    RC_ASSERT(decompress(frame, out, prefix));
}

/// What a page may hold: digits of both alphabets, alone and beside each other, and anything else.
std::string any_page() {
    constexpr std::string_view alphabets[] = {
        "0123456789abcdef", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"};
    std::string page;
    for (int left = upto(30); left > 0; --left) {
        const auto kind = upto<std::size_t>(4);
        const auto size = upto<std::size_t>(kind < 3 ? 200 : 40);
        for (std::size_t i = 0; i < size; ++i)
            page += kind < 2 ? alphabets[kind][upto(alphabets[kind].size())]
                             : static_cast<char>(*rc::gen::arbitrary<std::uint8_t>());
    }
    return page;
}

RC_GTEST_PROP(DigitPacking, EachWayReadsBackTheSameAndAgreesWithTheOthers, ()) {
    const std::string page = any_page();
    std::optional<Bytes> first;
    for (const DigitPacking& way : ways_to_pack_digits()) {
        const auto packed = way.pack(base::as_bytes(page));
        Bytes whole;
        if (packed) {
            whole.assign(packed->text.begin(), packed->text.end());
            whole.insert(whole.end(), packed->bytes.begin(), packed->bytes.end());
            Bytes out(page.size());
            RC_ASSERT(way.unpack(whole, out));
            RC_ASSERT(base::as_text(out) == page);
        }
        RC_ASSERT(!first || *first == whole);
        first = whole;
    }
    RC_CLASSIFY(!first->empty(), "pays");
    if (first->empty()) return;
    // Damaged, the ways agree still, and write nowhere else.
    for (int left = 1 + upto(3); left > 0; --left)
        (*first)[upto(first->size())] = *rc::gen::arbitrary<std::uint8_t>();
    std::optional<Bytes> before;
    for (const DigitPacking& way : ways_to_pack_digits()) {
        Bytes out(page.size());
        if (!way.unpack(*first, out)) out.clear();
        RC_ASSERT(!before || *before == out);
        before = out;
    }
}

RC_GTEST_PROP(LoosePages, StandAsTheFormatSays, ()) {
    const std::vector<std::uint32_t> pages{3, 70000};
    const auto contents = *rc::gen::arbitrary<Bytes>();
    const Bytes plain = encode_loose_pages(pages, contents);
    RC_ASSERT(plain.size() == 8 + contents.size());
    RC_ASSERT(base::get_le<std::uint32_t>(plain.data() + 4) == 70000U);
    RC_ASSERT(std::equal(contents.begin(), contents.end(), plain.begin() + 8));
}

}  // namespace
}  // namespace bt2c::repository
