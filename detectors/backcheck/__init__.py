"""Back-checks: whom to ask again, how many, and what their answers prove. Pure statistics."""
