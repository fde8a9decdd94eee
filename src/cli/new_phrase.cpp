#include "cli/new_phrase.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/repository_access.hpp"
#include "cli/secret_prompt.hpp"
#include "crypto/mnemonic.hpp"
#include "crypto/random.hpp"
#include "platform/file.hpp"

namespace bt2c::cli {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using crypto::SecretBytes;

namespace {

constexpr std::size_t words_asked_back = 3;
constexpr int attempts = 3;

std::string_view word_at(std::string_view phrase, std::size_t index) {
    while (index-- > 0) phrase.remove_prefix(phrase.find(' ') + 1);
    return phrase.substr(0, phrase.find(' '));
}

std::vector<std::size_t> random_places(std::size_t count) {
    std::vector<std::size_t> places;
    while (places.size() < words_asked_back) {
        const std::size_t place = crypto::random_array<1>()[0] % count;
        if (std::ranges::find(places, place) == places.end()) places.push_back(place);
    }
    std::ranges::sort(places);
    return places;
}

/// As phrases are read elsewhere: capitals, and blanks around it, are forgiven.
SecretBytes plain_word(const SecretBytes& typed) {
    constexpr std::string_view blanks = " \t\r";
    std::string_view text = typed.text();
    text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size()));
    SecretBytes word =
        SecretBytes::copy_of(base::as_bytes(text.substr(0, text.find_last_not_of(blanks) + 1)));
    for (std::uint8_t& letter : word.bytes())
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<std::uint8_t>(letter - 'A' + 'a');
    return word;
}

}  // namespace

bool is_on_paper(Terminal& err, std::string_view phrase) {
    const auto count = static_cast<std::size_t>(std::ranges::count(phrase, ' ')) + 1;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        bool right = true;
        for (const std::size_t place : random_places(count)) {
            const auto answer = ask_secret(base::format("Word {} of what is on the paper", place + 1));
            right = right && answer &&
                    crypto::equal(plain_word(*answer).view(), base::as_bytes(word_at(phrase, place)));
        }
        if (right) return true;
        err.write("That is not what was shown. Look at the paper again.\n");
    }
    return false;
}

void NewPhrase::declare(Options& options) {
    options.choice(words_, "--words", {"12", "24"}, "how many words the new phrase has");
    options.value(file_, "--phrase-file", "FILE", "write the new phrase there, on a disk to be carried away");
    shares_.declare(options);
}

void NewPhrase::check(Context& context) const {
    if (shares_.asked_for()) {
        if (file_)
            throw Error(ErrorKind::usage, "the phrase is written or split: give --phrase-file or --shares");
        shares_.check(context);
        return;
    }
    if (file_) {
        if (fs::exists(fs::symlink_status(*file_)))
            throw Error(ErrorKind::failed,
                        base::format("{} exists already", base::printable(file_->native())))
                .state("nothing was changed")
                .hint("name another file");
        return;
    }
    if (!context.console().err.is_terminal())
        throw Error(ErrorKind::usage, "there is no terminal to show the new phrase on")
            .state("nothing was changed")
            .hint("--phrase-file FILE writes it, --threshold K --shares N --output FOLDER splits it");
}

SecretBytes NewPhrase::make() const {
    return crypto::mnemonic_from_entropy(SecretBytes::random(words_ == "12" ? 16 : 32).view());
}

void NewPhrase::hand_over(Context& context, const SecretBytes& phrase) {
    if (shares_.asked_for())
        files_ = shares_.hand_out(shares_.make(phrase), context.console().err);
    else if (file_)
        write(phrase);
    else
        show(context, phrase);
}

void NewPhrase::write(const SecretBytes& phrase) {
    platform::DurableFile file(*file_, 0600);
    file.append(base::as_bytes(phrase.text()));
    file.append(base::as_bytes("\n"));
    if (!file.commit(platform::DurableFile::Existing::refuse))
        throw Error(ErrorKind::failed, base::format("{} exists by now", base::printable(file_->native())));
    files_.push_back(base::printable(file_->native()));
}

void NewPhrase::show(Context& context, const SecretBytes& phrase) const {
    Terminal& err = context.console().err;
    err.write("\nThe new key follows from these words, and from nothing else:\n\n");
    show_words(context, phrase.text());
    err.write("\n" +
              err.styled(Style::bold, base::format("Write these {} words down, on paper, now.", words_)) +
              " They are shown this once.\n");
    if (is_on_paper(err, phrase.text())) return;
    throw Error(ErrorKind::failed, "the new phrase was not written down")
        .cause("words of it were asked back, and the answers were others")
        .state("nothing was changed; the phrase shown is worth nothing")
        .hint("run the command again: it makes another phrase");
}

}  // namespace bt2c::cli
