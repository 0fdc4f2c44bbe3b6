"""Who runs when: `core` decides over plain values, `broker` carries the decisions out."""
