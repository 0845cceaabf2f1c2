// SPDX-License-Identifier: Apache-2.0
// Libraries newer than generation A: what a card answers beyond it, and its input where that is
// all it answers.
#pragma once
#include "com.hpp"

namespace rtv::decklink {

// The newest generation of whose interfaces the card answers: 'A', 'B', 'C'; 0: of none.
char generation_of(abi::DeckLink *card);
// Counters of generation C. Their codes are not known here: it is told that they are there.
bool has_statistics(abi::DeckLink *card);
// The card's input: of generation A, or a newer one behind the same face. Empty: none.
Ref<abi::Input> input_of(abi::DeckLink *card);

}  // namespace rtv::decklink
