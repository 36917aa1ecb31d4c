"""The run `kill`: server or broker is ended again and again; is every acknowledged sample in the files?"""
