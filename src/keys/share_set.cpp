#include "keys/share_set.hpp"

#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/pbkdf2.hpp"
#include "crypto/random.hpp"
#include "keys/shamir.hpp"

namespace bt2c::keys {

using base::ByteView;
using base::Error;
using base::ErrorKind;
using base::format;
using crypto::SecretBytes;

namespace {

constexpr unsigned members_max = 16;
constexpr unsigned rounds = 4;
constexpr unsigned round_iterations = 10000 / rounds;
/// 20000 iterations for a passphrase, what the reference implementation writes by default.
constexpr std::uint8_t usual_exponent = 1;

/// A share and its place in what was given, from 1.
struct Placed {
    std::size_t place;
    Share share;
};

Error wrong_share(std::size_t place, std::string why) {
    return Error(ErrorKind::failed, format("share {} cannot be used", place)).cause(std::move(why));
}

SecretBytes round_key(const Share& set, unsigned round, ByteView passphrase, ByteView half) {
    SecretBytes password(1 + passphrase.size());
    password.data()[0] = static_cast<std::uint8_t>(round);
    std::ranges::copy(passphrase, password.data() + 1);
    base::Bytes salt;
    if (!set.extendable) {
        const base::ByteView name = base::as_bytes("shamir");
        salt.assign(name.begin(), name.end());
        salt.push_back(static_cast<std::uint8_t>(set.identifier >> 8));
        salt.push_back(static_cast<std::uint8_t>(set.identifier));
    }
    salt.insert(salt.end(), half.begin(), half.end());
    SecretBytes key = crypto::pbkdf2(crypto::Pbkdf2Hash::sha256, password.view(), salt,
                                     round_iterations << set.exponent, half.size());
    crypto::wipe(salt.data(), salt.size());
    return key;
}

/// The Feistel cipher of four rounds between the secret and what is shared; `backwards` decrypts.
SecretBytes cipher(const Share& set, ByteView secret, ByteView passphrase, bool backwards) {
    const std::size_t half = secret.size() / 2;
    SecretBytes left = SecretBytes::copy_of(secret.first(half));
    SecretBytes right = SecretBytes::copy_of(secret.subspan(half));
    for (unsigned i = 0; i < rounds; ++i) {
        const SecretBytes key = round_key(set, backwards ? rounds - 1 - i : i, passphrase, right.view());
        for (std::size_t k = 0; k < half; ++k) left.data()[k] ^= key.data()[k];
        std::swap(left, right);
    }
    SecretBytes out(secret.size());
    std::ranges::copy(left.view(), std::ranges::copy(right.view(), out.data()).out);
    return out;
}

void check_passphrase(ByteView passphrase) {
    if (std::ranges::any_of(passphrase, [](std::uint8_t c) { return c < ' ' || c > '~'; }))
        throw Error(ErrorKind::usage, "the shares' passphrase has other characters than the standard allows")
            .cause("SLIP-0039 takes printable ASCII");
}

std::vector<SharePoint> points_of(const std::vector<const Placed*>& members) {
    std::vector<SharePoint> points;
    for (const Placed* member : members) points.push_back({member->share.member, member->share.value.copy()});
    return points;
}

/// A group's value out of any of its members that fit together; the members that do not are named.
SecretBytes recover_group(const std::vector<const Placed*>& members) {
    const unsigned threshold = members.front()->share.member_threshold;
    std::vector<bool> chosen(members.size(), false);
    std::fill_n(chosen.begin(), threshold, true);
    do {
        std::vector<const Placed*> subset;
        for (std::size_t i = 0; i < members.size(); ++i)
            if (chosen[i]) subset.push_back(members[i]);
        const std::vector<SharePoint> points = points_of(subset);
        auto value = recover_secret(points, threshold);
        if (!value) continue;
        for (const Placed* member : members)
            if (!crypto::equal(interpolate(points, member->share.member).view(), member->share.value.view()))
                throw wrong_share(member->place, "it does not belong to the others, though it says so")
                    .hint("leave it out, and give another in its place");
        return std::move(*value);
    } while (std::prev_permutation(chosen.begin(), chosen.end()));
    std::string places;
    for (const Placed* member : members)
        places += (places.empty() ? "" : ", ") + std::to_string(member->place);
    throw Error(ErrorKind::failed, format("shares {} do not belong together", places))
        .cause("one of them is of another secret, or was altered together with its checksum")
        .hint("give one share more than are needed: then the one that does not fit is named");
}

std::vector<Placed> read_all(std::span<const std::string_view> texts) {
    std::vector<Placed> shares;
    for (std::size_t i = 0; i < texts.size(); ++i) try {
            shares.push_back({i + 1, decode_share(texts[i])});
        } catch (const Error& error) {
            throw wrong_share(i + 1, error.cause()).hint(error.hint());
        }
    return shares;
}

/// All of one set; the first share that most others agree with says which.
void check_one_set(const std::vector<Placed>& shares) {
    const auto agreeing = [&](const Placed& one) {
        return std::ranges::count_if(shares,
                                     [&](const Placed& other) { return one.share.same_set(other.share); });
    };
    const Placed& typical = *std::ranges::max_element(shares, {}, agreeing);
    for (const Placed& placed : shares) {
        if (!placed.share.same_set(typical.share))
            throw wrong_share(placed.place, "it is of another set of shares").hint("leave it out");
        for (const Placed& other : shares) {
            if (other.place >= placed.place || other.share.group != placed.share.group) continue;
            if (other.share.member_threshold != placed.share.member_threshold)
                throw wrong_share(placed.place,
                                  format("it disagrees with share {} on how many are needed", other.place));
            if (other.share.member == placed.share.member)
                throw wrong_share(placed.place,
                                  crypto::equal(other.share.value.view(), placed.share.value.view())
                                      ? format("it is share {} again", other.place)
                                      : format("it has the number of share {}", other.place));
        }
    }
}

}  // namespace

std::vector<std::vector<SecretBytes>> make_shares(ByteView secret, ByteView passphrase,
                                                  unsigned group_threshold,
                                                  std::span<const ShareGroup> groups) {
    check_passphrase(passphrase);
    const auto out_of_bounds = [](std::string what) { return Error(ErrorKind::usage, std::move(what)); };
    if (secret.size() < 16 || secret.size() % 2 != 0)
        throw out_of_bounds("a secret to be shared has 16 bytes or more, an even number of them");
    if (groups.empty() || groups.size() > members_max || group_threshold < 1 ||
        group_threshold > groups.size())
        throw out_of_bounds(
            format("there are 1 to {} groups, of which as many or fewer are asked for", members_max));
    for (const ShareGroup& group : groups) {
        if (group.count < 1 || group.count > members_max || group.threshold < 1 ||
            group.threshold > group.count)
            throw out_of_bounds(
                format("{} of {} shares cannot be: there are at most {} shares, of which as many or "
                       "fewer are asked for",
                       group.threshold, group.count, members_max));
        if (group.threshold == 1 && group.count > 1)
            throw out_of_bounds(
                "with a threshold of 1 each share is the secret itself: make one share, and copies of it");
    }
    Share set;
    const auto random = crypto::random_array<2>();
    set.identifier = static_cast<std::uint16_t>((random[0] << 8 | random[1]) & 0x7fff);
    set.exponent = usual_exponent;
    set.group_threshold = static_cast<std::uint8_t>(group_threshold);
    set.group_count = static_cast<std::uint8_t>(groups.size());
    const SecretBytes encrypted = cipher(set, secret, passphrase, false);
    const auto group_points = split_secret(encrypted.view(), group_threshold, set.group_count);
    std::vector<std::vector<SecretBytes>> all;
    for (std::size_t i = 0; i < groups.size(); ++i) {
        set.group = group_points[i].x;
        set.member_threshold = static_cast<std::uint8_t>(groups[i].threshold);
        auto& words = all.emplace_back();
        for (SharePoint& point :
             split_secret(group_points[i].y.view(), groups[i].threshold, groups[i].count)) {
            set.member = point.x;
            set.value = std::move(point.y);
            words.push_back(encode_share(set));
        }
    }
    return all;
}

SecretBytes combine_shares(std::span<const std::string_view> texts, ByteView passphrase) {
    check_passphrase(passphrase);
    if (texts.empty()) throw Error(ErrorKind::failed, "no share was given");
    const std::vector<Placed> shares = read_all(texts);
    check_one_set(shares);
    std::map<std::uint8_t, std::vector<const Placed*>> groups;
    for (const Placed& placed : shares) groups[placed.share.group].push_back(&placed);
    const Share& set = shares.front().share;
    std::vector<SharePoint> points;
    std::string lacking;
    for (const auto& [group, members] : groups) {
        const unsigned threshold = members.front()->share.member_threshold;
        if (members.size() >= threshold) {
            if (points.size() < set.group_threshold) points.push_back({group, recover_group(members)});
        } else {
            lacking += format("{}{} of {} shares", lacking.empty() ? "" : ", ", members.size(), threshold);
            if (set.group_count > 1) lacking += format(" of group {}", group + 1);
        }
    }
    if (points.size() < set.group_threshold)
        throw Error(ErrorKind::failed, "there are too few shares")
            .cause(set.group_count > 1 ? format("{} of {} groups are complete{}", points.size(),
                                                set.group_threshold, lacking.empty() ? "" : "; " + lacking)
                                       : "there are " + lacking);
    const auto encrypted = recover_secret(points, set.group_threshold);
    if (!encrypted)
        throw Error(ErrorKind::failed, "the groups of shares do not belong together")
            .cause("one of them is of another secret");
    return cipher(set, encrypted->view(), passphrase, true);
}

}  // namespace bt2c::keys
