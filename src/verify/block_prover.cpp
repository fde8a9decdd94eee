#include "verify/block_prover.hpp"

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "chain/canonical_json.hpp"
#include "chain/merkle.hpp"
#include "verify/block_row.hpp"
#include "verify/payment_check.hpp"

namespace bt2c::verify {

using base::format;
using chain::BlockContent;
using chain::BlockScheme;
using chain::Hash;

Finding BlockProver::finding_for(const Block& block) {
    Finding finding;
    finding.table = "blocks";
    finding.key = lookup_.key_of(block);
    finding.network = context_.networks.name(block.network);
    if (!block.is(Block::bad_height)) finding.height = block.height;
    return finding;
}

bool BlockProver::matches(const Block& block, Gathered& transactions) {
    transactions.sort();
    const auto hashes_of = [&] {
        scratch_.clear();
        for (const Leaf& leaf : transactions.leaves) scratch_.push_back(leaf.hash);
    };
    hashes_of();
    root_ = chain::merkle_root_in_place(scratch_);
    if (block.is(Block::bad_merkle)) return false;
    if (root_ == block.merkle) return true;
    if (transactions.leaves.empty()) return false;
    hashes_of();
    if (chain::direct_merkle_root(scratch_) == block.merkle) return true;
    // The older scheme took the transactions as they came.
    std::vector<Leaf> as_stored = transactions.leaves;
    std::sort(as_stored.begin(), as_stored.end(),
              [](const Leaf& a, const Leaf& b) { return a.rowid < b.rowid; });
    for (std::size_t i = 0; i < as_stored.size(); ++i) scratch_[i] = as_stored[i].hash;
    return chain::direct_merkle_root(scratch_) == block.merkle;
}

void BlockProver::conclude(const Block& block, Gathered& transactions, bool matched) {
    if (block.network == no_network) return;
    const Hash root = matched ? block.merkle : root_;
    check_repeated(block, transactions);
    if (!block.is(Block::bad_height)) check_payments(context_, block, transactions.payments, mine_, book_);
    // An empty block's root is the same in every chain, and shows nothing about how roots are made.
    if (matched && !transactions.leaves.empty()) mine_.matched(block);

    const Proof proof = prove(block, transactions, root);
    if (proof.scheme && !proof.altered) {
        mine_.proved(block);
        if (!matched) report_root(block, root, transactions.leaves.size(), false);
        if (proof.scheme == BlockScheme::scheduled) check_rewards(block, transactions, proof.validator);
        return;
    }
    if (proof.altered) {
        mine_.altered(block);
        if (!matched) report_root(block, root, transactions.leaves.size(), proof.root_altered);
        check_rewards(block, transactions, {});
        return;
    }
    Unexplained open{block.height, block.rowid, block.network, !block.is(Block::bad_height),
                     true,         !matched,    root,          -1};
    for (const Payment& payment : transactions.payments)
        if (!payment.developer && !is_genuine_reward(block, payment)) open.reward_rowid = payment.rowid;
    mine_.unexplained(open);
}

BlockContent BlockProver::content_of(const Block& block, std::string_view validator) const {
    return {block.height,    block.merkle, context_.networks[block.network].name, block.nonce, block.previous,
            block.timestamp, validator};
}

std::optional<BlockScheme> BlockProver::scheme_of(const Block& block, const BlockContent& content) {
    if (chain::scheduled_block_hash(content) == block.hash) return BlockScheme::scheduled;
    if (chain::direct_block_hash(content) == block.hash) return BlockScheme::direct;
    return std::nullopt;
}

BlockProver::Proof BlockProver::prove(const Block& block, const Gathered& transactions, const Hash& root) {
    static constexpr std::uint16_t unusable =
        Block::bad_hash | Block::bad_previous | Block::bad_timestamp | Block::bad_height;
    if ((block.flags & unusable) != 0) return {};
    if ((block.flags & (Block::bad_merkle | Block::bad_nonce)) == 0) {
        for (const Payment& payment : transactions.payments) {
            if (payment.developer || !payment.recipient) continue;
            if (const auto scheme = scheme_of(block, content_of(block, *payment.recipient)))
                return {scheme, *payment.recipient};
        }
    }
    return find_altered_value(block, transactions, root);
}

// The hash names nobody who made it, but where putting one other value in the block's place makes
// it come out, that value was altered. This proves faults even in the first block of a chain.
BlockProver::Proof BlockProver::find_altered_value(const Block& block, const Gathered& transactions,
                                                   const Hash& root) {
    static constexpr Proof altered{.scheme = std::nullopt, .validator = {}, .altered = true};
    if (block.is(Block::bad_nonce) || guesses_left_ <= 0) return {};
    const Payment* reward = nullptr;
    for (const Payment& payment : transactions.payments)
        if (!payment.developer && payment.recipient) reward = &payment;
    const auto comes_out = [&](const BlockContent& content) {
        --guesses_left_;
        return chain::scheduled_block_hash(content) == block.hash;
    };
    if (!reward) {
        const std::string_view validator = validator_among_known(block, content_of(block, {}));
        if (validator.empty()) return {};
        if (transactions.leaves.empty() && block.merkle == chain::zero_hash)
            return {BlockScheme::scheduled, validator};
        report_altered(block, "reward", format("a reward to {}", describe_text(validator)), "none");
        return altered;
    }
    const BlockContent stored = content_of(block, *reward->recipient);
    BlockContent other = stored;
    other.merkle_root = root;
    if (comes_out(other)) {
        report_altered(block, "merkle_root", chain::hash_text(root),
                       block.is(Block::bad_merkle) ? "no Merkle root" : chain::hash_text(block.merkle));
        return {std::nullopt, {}, true, true};
    }
    if (block.is(Block::bad_merkle)) return {};
    other = stored;
    other.timestamp = reward->timestamp.value_or(stored.timestamp);
    if (comes_out(other)) {
        report_altered(block, "timestamp", chain::float_text(other.timestamp),
                       chain::float_text(block.timestamp));
        return altered;
    }
    const std::string_view validator = validator_among_known(block, stored);
    if (validator.empty()) return {};
    report_altered(block, "reward's recipient", describe_text(validator), describe_text(*reward->recipient));
    return altered;
}

std::string_view BlockProver::validator_among_known(const Block& block, BlockContent content) {
    const auto known = validators_.find(block.network);
    if (known == validators_.end() || block.is(Block::bad_merkle)) return {};
    for (const std::string& address : known->second) {
        if (guesses_left_-- <= 0) return {};
        content.validator = address;
        if (chain::scheduled_block_hash(content) == block.hash) return address;
    }
    return {};
}

// Leaves that repeat can leave a Merkle root as it is, since odd ones are paired with themselves.
void BlockProver::check_repeated(const Block& block, const Gathered& transactions) {
    // Sorting by eight bytes tells the usual case at little cost.
    beginnings_.clear();
    for (const Leaf& leaf : transactions.leaves)
        beginnings_.push_back(base::get_le<std::uint64_t>(leaf.hash.data()));
    std::sort(beginnings_.begin(), beginnings_.end());
    if (std::adjacent_find(beginnings_.begin(), beginnings_.end()) == beginnings_.end()) return;
    scratch_.clear();
    for (const Leaf& leaf : transactions.leaves) scratch_.push_back(leaf.hash);
    std::sort(scratch_.begin(), scratch_.end());
    for (std::size_t i = 1; i < scratch_.size(); ++i) {
        if (scratch_[i] != scratch_[i - 1]) continue;
        book_.add(Check::merkle_roots, place_of(block), [&] {
            Finding finding = finding_for(block);
            finding.table = "transactions";
            finding.expected = "each transaction once in the block " + finding.key;
            finding.key = chain::hash_text(scratch_[i]);
            finding.found = "the same transaction in several rows";
            finding.text = "a transaction is there twice";
            return finding;
        });
    }
}

// Of several rewards in a sound block, only the validator's own has a hash of the known form.
void BlockProver::check_rewards(const Block& block, const Gathered& transactions,
                                std::string_view validator) {
    for (const Payment& payment : transactions.payments) {
        if (payment.developer || (!validator.empty() && payment.recipient != validator)) continue;
        if (is_genuine_reward(block, payment)) continue;
        book_.add(Check::supply, {block.height, payment.rowid}, [&] {
            Finding finding = finding_for(block);
            finding.table = "transactions";
            finding.key = chain::hash_text(payment.hash);
            finding.expected = "hash: the one that follows from its content";
            if (payment.timestamp && payment.recipient) {
                const auto follows = chain::reward_hash(
                    {payment.amount, block.height, *payment.recipient, *payment.timestamp});
                if (follows)
                    finding.expected = format("hash: {}, from its content", chain::hash_text(*follows));
            }
            finding.found = finding.key;
            finding.text = "the reward's hash is not that of its content";
            return finding;
        });
    }
}

void BlockProver::report_root(const Block& block, const Hash& root, std::size_t count, bool altered) {
    book_.add(Check::merkle_roots, place_of(block), [&] {
        Finding finding = finding_for(block);
        const std::string stored =
            "merkle_root: " + (block.is(Block::bad_merkle) ? "none" : chain::hash_text(block.merkle));
        const std::string made =
            format("{} from the {} transactions that are there", chain::hash_text(root), count);
        finding.expected = altered ? "merkle_root: " + made : stored;
        finding.found = altered ? stored : made;
        finding.text =
            altered ? "the block's Merkle root is not that of its transactions, which its hash was made of"
                    : "the block's transactions are not those of its Merkle root";
        return finding;
    });
}

void BlockProver::report_altered(const Block& block, const char* column, std::string expected,
                                 std::string found) {
    book_.add(Check::block_hashes, place_of(block), [&] {
        Finding finding = finding_for(block);
        finding.expected = format("{}: {}, which the block's hash was made of", column, expected);
        finding.found = std::move(found);
        finding.text = format("the block's {} was altered", column);
        return finding;
    });
}

void BlockProver::finish() {
    context_.merge(std::move(book_));
    const std::lock_guard lock(context_.mutex);
    ledger_.merge(std::move(mine_));
}

}  // namespace bt2c::verify
