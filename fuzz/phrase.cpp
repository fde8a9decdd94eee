// Seed phrases as people type them, damaged ones among them.

#include "keys/phrase.hpp"

#include <cstddef>
#include <cstdint>

#include "base/error.hpp"
#include "keys/phrase_candidates.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bt2c;
    const std::string_view text = base::as_text({data, size});
    try {
        const crypto::SecretBytes clean = keys::clean_phrase(text);
        BT2C_ASSERT(crypto::equal(keys::clean_phrase(clean.text()).view(), clean.view()));
    } catch (const base::Error&) {
    }
    try {
        keys::normalised(text);
    } catch (const base::Error&) {
    }
    try {
        keys::WordNumbers words;
        for (const keys::CandidateStage& stage : keys::candidates_of(text))
            for (const std::uint64_t i : {std::uint64_t{0}, stage.count / 2, stage.count - 1})
                if (i < stage.count) stage.candidate(i, words);
    } catch (const base::Error&) {
    }
    return 0;
}
