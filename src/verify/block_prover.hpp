#pragma once
// Proves one block from its transactions: Merkle root, hash by scheme, rewards.

#include <optional>
#include <string>
#include <string_view>

#include "chain/block_hash.hpp"
#include "verify/block_lookup.hpp"
#include "verify/ledger.hpp"

namespace bt2c::verify {

/// One per thread. Findings and open questions are kept until finish().
class BlockProver {
 public:
    BlockProver(Context& context, Ledger& ledger, const KnownValidators& validators,
                chaindb::sqlite::Connection& connection)
        : context_(context),
          ledger_(ledger),
          validators_(validators),
          lookup_(connection),
          book_(context.options.examples_max) {}

    /// Whether these are the transactions that the block's Merkle root was made of. Sorts them.
    bool matches(const Block& block, Gathered& transactions);
    /// Judges a block whose transactions are all there; `matched` is what matches() said.
    void conclude(const Block& block, Gathered& transactions, bool matched);

    FindingBook& book() { return book_; }
    BlockLookup& lookup() { return lookup_; }
    std::string network_name(const Block& block) const { return context_.networks.name(block.network); }
    /// Hands everything over to the context and the ledger that all threads share.
    void finish();

 private:
    struct Proof {
        std::optional<chain::BlockScheme> scheme;
        std::string_view validator;
        bool altered = false;       ///< it is known which value was altered, and that was reported
        bool root_altered = false;  ///< that value is the Merkle root
    };
    Proof prove(const Block& block, const Gathered& transactions, const chain::Hash& root);
    Proof find_altered_value(const Block& block, const Gathered& transactions, const chain::Hash& root);
    std::optional<chain::BlockScheme> scheme_of(const Block& block, const chain::BlockContent& content);
    chain::BlockContent content_of(const Block& block, std::string_view validator) const;
    std::string_view validator_among_known(const Block& block, chain::BlockContent content);
    void check_repeated(const Block& block, const Gathered& transactions);
    /// `validator` empty: all rewards.
    void check_rewards(const Block& block, const Gathered& transactions, std::string_view validator);
    /// @param altered the block's hash was made of `root`
    void report_root(const Block& block, const chain::Hash& root, std::size_t count, bool altered);
    void report_altered(const Block& block, const char* column, std::string expected, std::string found);
    Finding finding_for(const Block& block);

    Context& context_;
    Ledger& ledger_;
    const KnownValidators& validators_;
    BlockLookup lookup_;
    FindingBook book_;
    Ledger mine_;
    std::vector<chain::Hash> scratch_;
    std::vector<std::uint64_t> beginnings_;
    chain::Hash root_{};
    int guesses_left_ = 20'000;
};

}  // namespace bt2c::verify
