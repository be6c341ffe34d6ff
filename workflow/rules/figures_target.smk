# Figures of how well the class that is looked for is found.
