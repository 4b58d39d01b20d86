"""Back-checks of a round: drawing, handing out, recording, telling what they prove."""
