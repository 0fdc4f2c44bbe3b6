"""What generated text must fit: JSON schemas become GBNF, checked before llama.cpp sees it."""
