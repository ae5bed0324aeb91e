# SPDX-License-Identifier: MIT
"""Hand-outs for a course.

    handout      a student's tree, without solutions
    handout_git  that tree as commits of a repository
    holes        which functions the students write, and how they are emptied
    gradescope   an autograder to upload
"""
