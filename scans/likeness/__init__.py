"""What makes two pages carry the same ink: pictures of it, codes to find it by, comparisons."""
