# SPDX-License-Identifier: MIT
"""`make grade`: the labs' tests in the booted kernel, for points.

    grade          the command, and the order of its steps
    submissions    the same for a folder of submissions
    student_files  takes the files that a lab names out of a submission
    contract       what a student's file may include, call and contain
    build          makes a kernel of them
    run_test       runs one test and judges it, with
    guest_machine    machines that start from a saved state
    guest_memory     what the guest's memory holds
    call_record      the calls that the kernel recorded, to be played back
    host_check     looks at a failure again, on the host
    report         points, results.json, the table
"""
