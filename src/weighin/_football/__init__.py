"""College football: the CollegeFootballData API, a simulated league, the article's network."""
