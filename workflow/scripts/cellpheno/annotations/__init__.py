"""Read annotations drawn by people, from annotation tools' files to the boxes table."""
