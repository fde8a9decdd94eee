// The JSON of a manifest: sealed, but a repository may come from anybody.

#include "repository/manifest.hpp"

#include <cstddef>
#include <cstdint>

#include "base/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bt2c;
    try {
        const auto read = repository::Manifest::from_json({}, base::Json::parse(base::as_text({data, size})));
        // What was taken is written and read back the same.
        const std::string text = read.to_json().dump();
        const auto again = repository::Manifest::from_json({}, base::Json::parse(text));
        BT2C_ASSERT(again.to_json().dump() == text);
    } catch (const base::Error&) {
    }
    return 0;
}
